"""The words of values that have a kind: failures, warnings; and untrusted text made fit to be shown."""
