/* Makes the n-th call that writes, names or removes a file below a folder fail, or kills the process there:
   see faults.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096

static char below[4096];
static long nth, *made; /* `made` is shared with the process that forked this one */
static int failure, sticky, armed;
static char watched[FILES];

static void __attribute__((constructor)) start(void) {
    made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void storm_arm(const char *folder, long number, int error, int again) {
    strncpy(below, folder, sizeof below - 1);
    nth = number;
    failure = error;
    sticky = again;
    *made = 0;
    armed = 1;
}

long storm_calls(void) { return *made; }

static int is_below(const char *path) {
    return armed && path && (path[0] != '/' || strncmp(path, below, strlen(below)) == 0);
}

static int fails(void) {
    long number = __sync_add_and_fetch(made, 1);
    if (nth && (number == nth || (sticky && number > nth))) {
        if (failure < 0) kill(getpid(), SIGKILL);
        errno = failure;
        return 1;
    }
    return 0;
}

#define NEXT(name) static __typeof__(name) *next; if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define FD(fd) (armed && (fd) >= 0 && (fd) < FILES && watched[fd])

static int opened(int fd, const char *path, int flags) {
    if (fd >= 0 && fd < FILES) watched[fd] = is_below(path) && (flags & (O_WRONLY | O_RDWR));
    return fd;
}

#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); \
    mode = va_arg(more, mode_t); va_end(more); }
#define CREATES ((flags & (O_WRONLY | O_RDWR)) && is_below(path) && fails())

int open(const char *path, int flags, ...) {
    NEXT(open); MODE
    return CREATES ? -1 : opened(next(path, flags, mode), path, flags);
}
int open64(const char *path, int flags, ...) {
    NEXT(open64); MODE
    return CREATES ? -1 : opened(next(path, flags, mode), path, flags);
}
int openat(int folder, const char *path, int flags, ...) {
    NEXT(openat); MODE
    return CREATES ? -1 : opened(next(folder, path, flags, mode), path, flags);
}
int openat64(int folder, const char *path, int flags, ...) {
    NEXT(openat64); MODE
    return CREATES ? -1 : opened(next(folder, path, flags, mode), path, flags);
}
int close(int fd) {
    NEXT(close);
    if (fd >= 0 && fd < FILES) watched[fd] = 0;
    return next(fd);
}

/* Half of what was to be written is written where the failure is "no space": as on a disk that fills up. */
#define WRITES(call, half) \
    if (FD(fd) && fails()) { \
        if (failure == ENOSPC && !sticky && size > 1) return half; \
        return -1; \
    } \
    return call

ssize_t write(int fd, const void *data, size_t size) {
    NEXT(write);
    WRITES(next(fd, data, size), next(fd, data, size / 2));
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    NEXT(pwrite);
    WRITES(next(fd, data, size, at), next(fd, data, size / 2, at));
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    NEXT(pwrite64);
    WRITES(next(fd, data, size, at), next(fd, data, size / 2, at));
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    NEXT(writev);
    return FD(fd) && fails() ? -1 : next(fd, parts, count);
}
int fsync(int fd) { NEXT(fsync); return FD(fd) && fails() ? -1 : next(fd); }
int fdatasync(int fd) { NEXT(fdatasync); return FD(fd) && fails() ? -1 : next(fd); }
int ftruncate(int fd, off_t size) { NEXT(ftruncate); return FD(fd) && fails() ? -1 : next(fd, size); }
int ftruncate64(int fd, off64_t size) { NEXT(ftruncate64); return FD(fd) && fails() ? -1 : next(fd, size); }
int fchmod(int fd, mode_t mode) { NEXT(fchmod); return FD(fd) && fails() ? -1 : next(fd, mode); }

#define PATH(path) (is_below(path) && fails())
int rename(const char *old, const char *new) { NEXT(rename); return PATH(new) ? -1 : next(old, new); }
int renameat(int a, const char *old, int b, const char *new) {
    NEXT(renameat);
    return PATH(new) ? -1 : next(a, old, b, new);
}
int link(const char *old, const char *new) { NEXT(link); return PATH(new) ? -1 : next(old, new); }
int linkat(int a, const char *old, int b, const char *new, int flags) {
    NEXT(linkat);
    return PATH(new) ? -1 : next(a, old, b, new, flags);
}
int unlink(const char *path) { NEXT(unlink); return PATH(path) ? -1 : next(path); }
int unlinkat(int folder, const char *path, int flags) {
    NEXT(unlinkat);
    return PATH(path) ? -1 : next(folder, path, flags);
}
int mkdir(const char *path, mode_t mode) { NEXT(mkdir); return PATH(path) ? -1 : next(path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) {
    NEXT(mkdirat);
    return PATH(path) ? -1 : next(folder, path, mode);
}
int chmod(const char *path, mode_t mode) { NEXT(chmod); return PATH(path) ? -1 : next(path, mode); }
