"""What is wrong with the data, said once: the rule, the case, what was met, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.data.atomic import read_json, write_json
from pipeline.errors import DataError

FROM_IMPORT = "import.json"  # what import found, beside dataset.json; check takes it over
Severity = Literal["error", "warning", "note"]
# Errors of `check` that are mended in files which only import reads; those of other rules in the scan itself.
OF_IMPORT = ("landmark-outside", "landmark-coordinates", "box-coordinates", "same-scan", "same-patient")
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
ROWS = 5  # of a rule in a table
# What differs between messages that say the same: details in brackets; quoted names and lists of them, lists of
# numbers, paths, names of files, numbers.
DETAIL = re.compile(r" ?\([^()]*\)")
VARYING = re.compile(r"'[^']*'(?:, '[^']*')*(?: and \d+ more)?|\[[^\[\]]*\]|\S*/\S*|\S+\.[A-Za-z]\w*|[-+]?\d[\w.+-]*")


@dataclass(frozen=True)
class Finding:
    """One remark about the data.

    Args:
        rule: Short name of the rule, "landmark-outside".
        severity: An "error" about a case keeps that case out of everything that follows.
        case: The case's id, or None for the whole data set.
        message: What was met, with values.
        advice: What to do.
    """

    rule: str
    severity: Severity
    case: str | None
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Findings:
    """The content of `findings.json`: remarks, facts about each scan (shape, spacing, intensities), and `said_of` the
    data set that they are about, which early ones do not have."""

    items: tuple[Finding, ...]
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    said_of: str | None = None

    @property
    def quarantined(self) -> tuple[str, ...]:
        """Ids of the cases with an error, sorted."""
        return tuple(sorted({f.case for f in self.items if f.severity == "error" and f.case is not None}))


def write_findings(findings: Findings, path: Path, indent: int | None = 1) -> None:
    """Write `findings.json` (or `import.json`) atomically; `indent` as in `write_json`."""
    content: dict[str, Any] = {"version": 1, "findings": [asdict(f) for f in findings.items]}
    content["quarantined"] = list(findings.quarantined)
    content |= {"said_of": findings.said_of} if findings.said_of else {}
    write_json(path, content | ({"facts": findings.facts} if findings.facts else {}), indent)


def read_findings(path: Path) -> Findings:
    """Read what `write_findings` wrote.

    Raises:
        DataError: The file is missing or is not one.
    """
    content = read_json(path)
    try:
        if content["version"] != 1:
            raise DataError(
                f"{path}: version {content['version']}; this program reads version 1. Run `patchvote check`."
            )
        items, facts = tuple(_finding(f, path) for f in content["findings"]), _facts(content.get("facts", {}), path)
        return Findings(items, facts, content.get("said_of"))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a findings file: {error!r}. Make it with `patchvote check`.") from error


def _finding(said: Any, path: Path) -> Finding:
    """Raises DataError where a field is of another type: a finding may have been taken out by hand."""
    found = Finding(**said)
    texts = [found.rule, found.message, found.advice, *([] if found.case is None else [found.case])]
    if found.severity not in SEVERITIES or not all(isinstance(text, str) for text in texts):
        allowed = f"severity is one of {', '.join(SEVERITIES)}, case a text or null, all else a text"
        raise DataError(f"{path}: {said}: {allowed}. Make it with `patchvote check`.")
    return found


def _facts(said: Any, path: Path) -> dict[str, dict[str, Any]]:
    if not isinstance(said, dict):
        raise DataError(f"{path}: facts is {said!r}; an object is needed. Make it with `patchvote check`.")
    for case, facts in said.items():
        if not isinstance(facts, dict):
            raise DataError(f"{path}: facts: {case} is {facts!r}; an object is needed. Make it with `patchvote check`.")
    return said


def summarize(findings: Iterable[Finding], most: int = ROWS) -> list[tuple[str, str, str, str, str]]:
    """Table rows (severity, rule, cases, message, advice): worst first, one row for all findings of a rule that say the
    same but for names and numbers.

    Such a row shows the first one's message and how many there are, and each case once. Of a rule that says ever other
    things, the last of `most` rows is for all the rest.
    """
    rules: dict[tuple[int, str], dict[tuple[str, str], list[Finding]]] = {}
    for finding in findings:
        kinds = rules.setdefault((SEVERITIES.index(finding.severity), finding.rule), {})
        kinds.setdefault((_wording(finding.message, finding), _wording(finding.advice, finding)), []).append(finding)
    rows = []
    for (_, rule), kinds in sorted(rules.items(), key=lambda item: item[0]):
        groups = list(kinds.values())
        rows += [_row(rule, group) for group in groups[: most - 1]]
        if rest := groups[most - 1 :]:
            rows.append(_row(rule, [f for group in rest for f in group], len(rest)))
    return rows


def _wording(text: str, finding: Finding) -> str:
    """A text without what differs from case to case."""
    if finding.case and finding.case in text:
        text = _unnamed(text, finding.case)
    return VARYING.sub("#", DETAIL.sub("", text))


def _unnamed(text: str, case: str) -> str:
    """A text with `#` where the case stands as a word by itself; a pattern for each case would take ten times as long.

    Examples:
        >>> _unnamed("c1: c1.png is no c11", "c1")
        '#: #.png is no c11'
    """
    parts, done, at = [], 0, text.find(case)
    while at >= 0:
        end = at + len(case)
        alone = not any(sign.isalnum() or sign == "_" for sign in text[:at][-1:] + text[end : end + 1])
        if alone:
            parts.append(text[done:at])
            done = end
        at = text.find(case, end if alone else at + 1)
    return "#".join([*parts, text[done:]])


def _row(rule: str, group: list[Finding], kinds: int = 1) -> tuple[str, str, str, str, str]:
    first = group[0]
    cases = list(dict.fromkeys(f.case for f in group if f.case is not None))
    shown = ", ".join(cases[:4]) + (f" and {len(cases) - 4} more" if len(cases) > 4 else "")
    more = f" (the first of {len(group)} remarks)" if any(f.message != first.message for f in group) else ""
    more = f" (and {len(group) - 1} other remarks)" if kinds > 1 else more
    return first.severity, rule, shown or "all", first.message + more, first.advice
