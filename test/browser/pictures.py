#!/usr/bin/env python3
"""Makes the pictures of doc/pictures from a real run. Usage: pictures.py REPORT.html CONSOLE FOLDER
REPORT.html: a report with a failed test; CONSOLE: what a terminal got (script -qc 'seatrial test ...' CONSOLE).
Writes report-light.png, report-dark.png, report-timeline.png, console-failure.svg."""
import html
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from chromium import Chromium  # noqa: E402

COLUMNS = 116
STYLES = {"1": "bold", "2": "dim", "31": "bad", "32": "good", "33": "warning"}
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="13" role="img">
<title>the console of a failed run</title>
<style>text {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; fill: #e4e7ec }}
.bold {{ font-weight: 700 }} .dim {{ fill: #9aa5b3 }} .bad {{ fill: #ff7b72 }} .good {{ fill: #4cc26b }} .warning {{ fill: #e3a23c }}</style>
<rect width="100%" height="100%" rx="8" fill="#1d2127"/>
{lines}
</svg>
"""


def final_screen(raw):
    """What stands on the terminal at the end: the live area takes its own lines back (cursor up, erase below)."""
    lines = [""]
    at = 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r\n?|\n|[^\x1b\r\n]+|\x1b", raw):
        if part in ("\n", "\r\n"):
            at += 1
            if at == len(lines):
                lines.append("")
        elif match := re.fullmatch(r"\x1b\[(\d*)A", part):
            at = max(0, at - int(match[1] or 1))
        elif part in ("\x1b[J", "\x1b[0J"):
            lines = lines[:at] + [""]
        elif part in ("\x1b[K", "\x1b[2K"):
            lines[at] = ""
        elif re.fullmatch(r"\x1b\[[0-9;]*m", part) or part[0] not in "\x1b\r":
            lines[at] += part
    return lines


def fold(line):
    """Breaks a line at the terminal's width, colours not counted."""
    shown, pieces, piece = 0, [], ""
    for part in re.findall(r"\x1b\[[0-9;]*m|.", line):
        if not part.startswith("\x1b"):
            if shown == COLUMNS:
                pieces.append(piece)
                piece, shown = "", 0
            shown += 1
        piece += part
    return pieces + [piece]


def console_svg(raw):
    rows = []
    lines = [piece for line in final_screen(raw) for piece in fold(line)]
    while lines and not lines[-1]:
        lines.pop()
    style = ""
    for number, line in enumerate(lines):
        spans = ""
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            if match := re.fullmatch(r"\x1b\[([0-9;]*)m", part):
                style = STYLES.get(match[1], "")
            elif part:
                spans += f'<tspan class="{style}">{html.escape(part)}</tspan>' if style else html.escape(part)
        rows.append(f'<text x="14" y="{27 + number * 18}">{spans}</text>')
    return SVG.format(width=COLUMNS * 8 + 24, height=len(lines) * 18 + 26, lines="\n".join(rows))


def main():
    report, console, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    raw = console.read_bytes().decode(errors="replace").replace("\r\n", "\n")
    raw = re.sub(r"^Script started.*\n", "", raw)
    raw = re.sub(r"\n?Script done[^\n]*\n?$", "", raw)
    (folder / "console-failure.svg").write_text(console_svg(raw))
    with Chromium() as browser:
        page = browser.page()
        for scheme in ("light", "dark"):
            page.size(1100, 800)
            page.prefer(scheme)
            page.open(report)
            page.js("""(async () => { const bad = data.tests.filter((test) => test.verdict === 'failed');
                const node = (bad.find((test) => test.steps.some((step) => (step.failures || []).some((each) => each.cause))) || bad[0]).node;
                node.open = true; node.scrollIntoView({ block: 'center' }); scrollTo(0, 0);
                document.activeElement.blur(); await new Promise((done) => setTimeout(done, 200)); })()""")
            page.picture(folder / f"report-{scheme}.png")
        page.prefer("light")
        page.js("""(async () => { const rows = document.querySelector('.test[open] .rows'); rows.scrollIntoView();
            scrollBy(0, -90); await new Promise((done) => setTimeout(done, 200)); })()""")
        page.picture(folder / "report-timeline.png")
    for picture in sorted(folder.glob("*.png")):
        print(f"{picture}: {picture.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
