"""The sections below the findings: open questions, patterns, accepted findings, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from archlint.baselined import BaselineUse
from archlint.findings import count_of, grouped
from archlint.report.frame import place_rows
from archlint.report.layout import Ink, columns_of, flat, hanging, joined, plural
from archlint.report.next import correction, next_lines, silent
from archlint.report.plain import fact_text, imported_text, keyless, remarks, skipped_text, to_do
from archlint.report.spent import next_step, overdue, spent_groups
from archlint.report.undecided import MissingFact, best_decision, missing_facts, rules_of
from archlint.verdicts import Accepted, FileReport, Finding, OpenQuestion, Report

SEVERITIES = ("error", "warning", "info")
_MOST_RULES = 6
_MOST_HINTS = 2


def summary_lines(report: Report, width: int, ink: Ink, by_rule: bool = True, hint: bool = True) -> list[str]:
    """Count findings by severity and by rule, then accepted, skipped and undecided ones, with the keys to add.

    `hint` names the option `--undecided`; leave it out if the open questions are listed already.
    """
    lines = _headline(report, width, ink)
    lines += [line for file in report.files if file.imported for line in hanging("", _imported(file), width, 2)]
    rest = hanging("", asides, width) if (asides := _asides(report)) else []
    rest += next_lines(report, width, ink, hint) if silent(report) else _undecided_line(report, width, hint)
    if by_rule and len(report.findings) > 1:
        lines += ["", *rule_lines(report.findings, width, ink)]
        lines += [""] if rest else []
    return lines + rest + baseline_lines(report.baselines, width, ink) + _hint_lines(report, width, ink)


def _imported(file: FileReport) -> str:
    return f"{imported_text(file.imported)}."


def _hint_lines(report: Report, width: int, ink: Ink) -> list[str]:
    """Note the first facts to know that no rule judges, and count the others."""
    hints = [(file, hint) for file in report.files for hint in file.hints]
    lines = []
    for _, hint in hints[:_MOST_HINTS]:
        place = f"{flat(hint.location.file)}:{hint.location.line}"
        first, *others = hanging("note: ", f"{flat(hint.message)} ({place})", width, 6)
        lines += [first.replace("note", ink("note", "help"), 1), *others]
    more = len(hints) - _MOST_HINTS
    return [*lines, f"note: {more:,} more like it; --output json lists all"] if more > 0 else lines


def baseline_lines(uses: Iterable[BaselineUse], width: int, ink: Ink) -> list[str]:
    """List the entries that each baseline no longer needs, and how to remove them."""
    return [line for use in uses for line in _spent_lines(use, width, ink)]


def _spent_lines(use: BaselineUse, width: int, ink: Ink) -> list[str]:
    lines: list[str] = []
    for head, entries in spent_groups(use):
        lines += hanging("", f"{head}:", width)
        lines += [line for entry in entries for line in hanging("  ", entry, width, 4)]
    if use.spent:
        lines += [ink(line, "error" if use.strict else "help") for line in hanging("", next_step(use), width)]
    return lines


def _headline(report: Report, width: int, ink: Ink) -> list[str]:
    unreadable = f"; {plural(len(report.errors), 'input')} could not be read" if report.errors else ""
    if not report.files:
        return hanging("", f"Nothing was checked{unreadable}.", width)
    counts = Counter(finding.severity for finding in report.findings)
    told = {name: plural(counts[name], name) for name in SEVERITIES if counts[name]}
    most = max(file.rules_run for file in report.files)
    rules = f" ({plural(most, 'rule')})" if most else ""
    scope = f"in {plural(len(report.files), 'file')}{rules}{unreadable}."
    if not told:
        clear = not report.undecided and not report.errors and not overdue(report)
        known = any(file.baselined for file in report.files)
        said = "Nothing new" if known else "All clear" if clear else "Nothing found"
        lines = hanging("", f"{said} {scope}", width)
        return [ink(line, "good" if clear else "strong") for line in lines]
    text = "\n".join(hanging("", f"Found {joined(told.values())} {scope}", width))
    for severity, count in told.items():
        text = text.replace(count, ink(count, severity), 1)
    return text.split("\n")


def rule_lines(findings: Sequence[Finding], width: int, ink: Ink) -> list[str]:
    """Return one line per rule: the most severe first, then the most frequent."""
    counts = Counter((finding.severity, finding.rule, finding.name) for finding in findings)
    order = sorted(counts.items(), key=lambda item: (SEVERITIES.index(item[0][0]), -item[1], item[0][1]))
    told = [
        (plural(count, severity), severity, flat(rule), flat(name)) for (severity, rule, name), count in order
    ]
    first = max(len(row[0]) for row in told)
    second = max(columns_of(row[2]) for row in told)
    lines = []
    for count, severity, rule, name in told:
        line, *rest = hanging(f"  {count:<{first}}  {rule:<{second}}  ", name, width)
        lines += [line.replace(count, ink(count, severity), 1), *rest]
    return lines


def _asides(report: Report) -> str:
    """Count the findings and files that are not shown."""
    told = []
    accepted = sum(count_of(entry.finding for entry in file.accepted) for file in report.files)
    if accepted:
        told.append(f"{plural(accepted, 'finding')} accepted.")
    baselined = sum(count_of(known.finding for known in file.baselined) for file in report.files)
    if baselined:
        told.append(f"{plural(baselined, 'finding')} in the baseline.")
    if report.skipped:
        told.append(skipped_text(report))
    return " ".join(told)


def _undecided_line(report: Report, width: int, hint: bool) -> list[str]:
    count = len(report.undecided)
    if not count:
        return []
    best = best_decision(report)
    text = f"{count:,} undecided"
    text += f". {wrong}" if (wrong := correction(report)) else ""
    if best is not None:
        place = f" to {flat(best.file)}" if len(report.files) > 1 else ""
        rules = rules_of(best.questions)
        named = [
            *rules[:_MOST_RULES],
            *([f"{len(rules) - _MOST_RULES} more"] if len(rules) > _MOST_RULES else []),
        ]
        share = "" if count == 1 else f" ({len(best.questions):,} of {count:,})"
        text += " Then add " if wrong else "; add "
        text += f"{joined(flat(key) for key in best.keys)}{place} to decide {joined(named)}{share}"
    text += "" if text.endswith(".") else "."
    return hanging("", text + (" See all: --undecided" if hint else ""), width)


def undecided_lines(report: Report, width: int, ink: Ink) -> list[str]:
    """List every open question below the key that decides it; the key that decides most comes first."""
    facts = [fact for fact in missing_facts(report) if fact.listed]
    if not facts:
        return ["Nothing is undecided."]
    many, count = len(report.files) > 1, len(report.undecided)
    lines = [ink(f"Undecided: {to_do(facts)}", "strong")]
    for fact in facts:
        lines += ["", *_fact_head(fact, count, many, width, ink)]
        lines += _question_lines([_question_row(question, fact.key) for question in fact.listed], width)
    return lines


def _question_lines(rows: Sequence[tuple[str, str, str, str]], width: int) -> list[str]:
    """Align rule, place and line; other remarks follow on the same line, or on their own lines."""
    sizes = [max(columns_of(row[index]) for row in rows) for index in range(3)]
    lines = []
    for *cells, more in rows:
        row = "  " + "  ".join(
            cell + " " * (size - columns_of(cell)) for cell, size in zip(cells, sizes, strict=True)
        )
        if columns_of(row.rstrip()) > width:
            lines += hanging("  ", " ".join(cells), width, 6)
        elif more and columns_of(row) + 2 + columns_of(more) <= width:
            lines.append(f"{row}  {more}")
            continue
        else:
            lines.append(row.rstrip())
        lines += hanging(" " * 6, more, width) if more else []
    return lines


def _fact_head(fact: MissingFact, count: int, many: bool, width: int, ink: Ink) -> list[str]:
    key = flat(fact.key) or keyless(fact)
    place = f" in {flat(fact.file)}" if many else ""
    lines = hanging("", f"{key}{place} ({fact_text(fact, count)})" if fact.key else f"{key}{place}", width)
    return [lines[0].replace(key, ink(key, "help"), 1), *lines[1:]]


def _question_row(question: OpenQuestion, key: str) -> tuple[str, str, str, str]:
    """Return rule, place, line, and other remarks."""
    place = f"{flat(question.location.file)}:{question.location.line}"
    return f"{flat(question.rule)} {flat(question.name)}", flat(question.at), place, remarks(question, key)


def pattern_lines(report: Report, width: int, ink: Ink) -> list[str]:
    """List the recognised patterns of each file, with the components in each role."""
    lines = [ink("Patterns", "strong")]
    for file in report.files:
        title = hanging("", f"{flat(file.system) or 'system'} ({flat(file.file)})", width, 2)
        lines += ["", *title, *_patterns_of(file, width, ink)]
    return lines if report.files else []


def _patterns_of(file: FileReport, width: int, ink: Ink) -> list[str]:
    if not file.patterns:
        return ["  none recognised"]
    lines = []
    size = max(columns_of(flat(found.pattern)) for found in file.patterns)
    for found in file.patterns:
        roles = "; ".join(f"{flat(', '.join(names))} ({flat(role)})" for role, names in found.roles.items())
        workload = f"{flat(found.workload)}: " if found.workload else ""
        name = flat(found.pattern)
        text = hanging(f"  {name}{' ' * (size - columns_of(name))}  ", f"{workload}{roles}", width)
        lines += [text[0].replace(name, ink(name, "help"), 1), *text[1:]]
    return lines


def accepted_lines(accepted: Sequence[Accepted], width: int, ink: Ink) -> list[str]:
    """List the accepted findings, each with its reason."""
    if not accepted:
        return ["No findings are accepted."]
    lines = [ink("Accepted", "strong")]
    for entry in accepted:
        finding = entry.finding
        until = f", until {flat(entry.until)}" if entry.until else ""
        by = f"{flat(entry.location.file)}:{entry.location.line}"
        lines += [
            "",
            *hanging(f"{flat(finding.rule)} ", f"{flat(finding.name)}: {flat(finding.message)}", width, 4),
        ]
        lines += place_rows("  -->", finding.location, finding.at, width, ink)
        lines += hanging("   = ", f"accepted in {by}{until}: {flat(entry.reason)}", width)
    return lines


def statistics_lines(report: Report, width: int, ink: Ink) -> list[str]:
    """Draw a table of counts by rule."""
    names: dict[str, str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for file in report.files:
        for finding in file.grouped:
            counts[finding.rule, finding.severity] += 1
            names[finding.rule] = finding.name
        for state, found in (("accepted", file.accepted), ("baselined", file.baselined)):
            for finding in grouped(one.finding for one in found):
                counts[finding.rule, state] += 1
                names[finding.rule] = finding.name
        for question in file.undecided:
            counts[question.rule, "undecided"] += 1
            names[question.rule] = question.name
    if not names:
        return []
    states = (*SEVERITIES, "accepted", "baselined", "undecided")
    columns = [name for name in states if any(counts[rule, name] for rule in names)]
    table = [["rule", "name", *columns]]
    for rule in sorted(names):
        table.append([flat(rule), flat(names[rule]), *(_count(counts[rule, column]) for column in columns)])
    table.append(["total", "", *(_count(sum(counts[rule, column] for rule in names)) for column in columns)])
    lines = _aligned(table, 2)
    if max(columns_of(line) for line in lines) > width:
        lines = _aligned([[row[0], *row[2:]] for row in table], 1)
    return [ink(lines[0], "strong"), *lines[1:]]


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _aligned(table: Sequence[Sequence[str]], texts: int) -> list[str]:
    """Align the rows of a table: the first `texts` columns to the left, the numbers to the right."""
    sizes = [max(columns_of(row[index]) for row in table) for index in range(len(table[0]))]
    lines = []
    for row in table:
        padded = []
        for index, (cell, size) in enumerate(zip(row, sizes, strict=True)):
            space = " " * (size - columns_of(cell))
            padded.append(cell + space if index < texts else space + cell)
        lines.append("  ".join(padded).rstrip())
    return lines
