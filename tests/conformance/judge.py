"""What two runs of the regression suite say together, against the two tables of exceptions.md."""

ALWAYS, SOMETIMES = "Always", "Sometimes"


class BadTable(Exception):
    """exceptions.md does not say what it must."""


def read_exceptions(text):
    """{"Always": {test: cause}, "Sometimes": {test: cause}} from the tables below these two headings."""
    tables, section = {ALWAYS: {}, SOMETIMES: {}}, None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            section = line[3:].strip()
            if section not in tables:
                raise BadTable(f"exceptions.md:{number}: no table is called {section!r}: {ALWAYS} or {SOMETIMES}")
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 4 or not cells[1].startswith("`"):
            continue
        test, cause = cells[1].strip("`"), cells[2]
        if section is None:
            raise BadTable(f"exceptions.md:{number}: {test} stands below no heading")
        if not cause:
            raise BadTable(f"exceptions.md:{number}: {test} has no cause")
        if any(test in table for table in tables.values()):
            raise BadTable(f"exceptions.md:{number}: {test} is named twice")
        tables[section][test] = cause
    return tables


def judge(ran, differing, tables, weighed):
    """(lines to print, whether all is as it must be). `ran`: every test of the suite; `differing`: those
    with another outcome through the sidecar. Always: must differ, or the line goes (but when `weighed`,
    where some do not show). Sometimes: may pass or differ. Whatever else differs is an error."""
    always, sometimes = tables[ALWAYS], tables[SOMETIMES]
    known = {**always, **sometimes}
    lines = [f"known: {test}: {known[test]}" for test in sorted(differing & set(known))]
    wrong = [f"DIFFERS: {test}" for test in sorted(differing - set(known))]
    wrong += [f"exceptions.md names {test}, which the suite does not have: remove the line"
              for test in sorted(set(known) - ran)]
    if not weighed:
        wrong += [f"exceptions.md names {test}, which passes: remove the line"
                  for test in sorted((set(always) & ran) - differing)]
    return lines + wrong, not wrong
