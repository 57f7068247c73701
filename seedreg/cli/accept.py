"""`seedreg accept`."""

from __future__ import annotations

from collections.abc import Mapping

import click

from seedreg.cli.bulk import dry_run_option, findings_of, findings_options
from seedreg.cli.commands import Command
from seedreg.cli.environments import ENVIRONMENT_OPTIONS
from seedreg.cli.exits import exit_code_of
from seedreg.cli.guide import CommandLineGuide
from seedreg.cli.options import entry_build_options, selectors_argument
from seedreg.cli.printing import print_json, print_line, print_lines
from seedreg.cli.projects import open_project_for_build
from seedreg.domain.results import Acceptance, NotAccepted, OtherWeights
from seedreg.registry.accepting import refused_acceptance, require_reason, verdict_of
from seedreg.reports.documents.accept import accept_document
from seedreg.reports.text.acceptance import acceptance_lines, acceptance_summary, proposal_line


@click.command("accept", cls=Command)
@selectors_argument(required=False)
@click.option("--reason", metavar="TEXT", help="Why the drift is right; stored with the baseline.")
@findings_options("Accept what drifted in this audit, if it still builds the weights that the audit saw.")
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document (seedreg.accept/1).")
@entry_build_options
@click.pass_context
def accept_command(
    ctx: click.Context,
    /,
    selectors: tuple[str, ...],
    reason: str | None,
    audit: int | None,
    column: str | None,
    dry_run: bool,
    as_json: bool,
    **settings: object,
) -> int:
    """Make what entries build today their new baselines.

    The old ones stay in their history. Without --env and the like, what an audit found is built in the
    environment of that audit.
    """
    findings = findings_of(selectors, audit, column)
    if not dry_run:
        reason = require_reason(reason or "", "a new baseline")
    project, environment = open_project_for_build(ctx, **settings)
    if findings is not None and not _names_environment(settings):
        environment = project.audited_environment(findings)
    if dry_run:
        with project.planning() as registry:
            proposed = registry.proposals(selectors, findings=findings)
        if as_json:
            print_json(accept_document(proposed, 0))
        else:
            print_lines(map(proposal_line, proposed))
        return 0
    results: list[Acceptance] = []
    guide = CommandLineGuide(environment)
    with project.building(environment, several=True) as registry:
        proposed = registry.proposals(selectors, findings=findings)
        for result in registry.accept_all(proposed, reason or ""):
            results.append(result)
            if as_json:
                continue
            if len(proposed) == 1 and isinstance(result, (NotAccepted, OtherWeights)):
                raise refused_acceptance(result)
            print_lines(acceptance_lines(result, guide))
    code = exit_code_of(map(verdict_of, results))
    if as_json:
        print_json(accept_document(results, code))
    elif len(proposed) > 1:
        print_line(acceptance_summary(results))
    return code


def _names_environment(settings: Mapping[str, object]) -> bool:
    return any(settings.get(name) for name in ("python", *ENVIRONMENT_OPTIONS))
