#!/usr/bin/env python3
"""The HTML report in a real browser. Usage: report_test.py FOLDER, with the pages that browser-pages wrote."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from chromium import Chromium  # noqa: E402

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
NAMES = "[...document.querySelectorAll('.test .name')].map((node) => node.textContent)"
# Opening builds the inside in the toggle event, and what is out of sight has no text before a frame was drawn: wait for
# both, for five seconds of frames at the most.
OPEN = """(async (index) => { const node = document.querySelectorAll('.test')[index]; node.open = true;
  for (let frames = 0; frames < 300 && !(node.querySelector('.body') && node.innerText); ++frames)
    await new Promise(requestAnimationFrame);
  return node.innerText; })"""


class ReportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Chromium()
        cls.browser.__enter__()
        cls.page = cls.browser.page()
        cls.page.size(1200, 900)

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()

    def load(self, name, fragment=""):
        took = self.page.open(FOLDER / name, fragment)
        return took

    def names(self):
        return self.page.js(NAMES)

    def search(self, words):
        self.page.js(f"""{{ const box = document.getElementById('search'); box.value = {words!r};
                        box.dispatchEvent(new Event('input')); }}""")

    def tearDown(self):
        self.assertEqual(self.page.problems, [], "the page complained on its console")

    def test_loads_without_a_complaint_and_asks_for_nothing_else(self):
        self.load("one.html")
        self.assertEqual(self.page.js("document.querySelector('h1').textContent"), "demo")
        self.assertEqual([url for url in self.page.requests if not url.startswith("data:")],
                         [(FOLDER / "one.html").resolve().as_uri()])

    def test_shows_what_failed_first_with_its_whole_explanation(self):
        self.load("one.html")
        self.assertIn("web", self.names()[1])
        text = self.page.js(f"{OPEN}(1)")
        for words in ("expected 3, found 1", "ImagePullBackOff", "tests/e2e/web/01-assert.yaml:12", "+  readyReplicas: 1",
                      "listening on :80", "17 lines of logs"):
            self.assertIn(words, text)

    def test_finds_a_test_by_a_word_of_its_cause(self):
        self.load("one.html")
        self.search("imagepullbackoff")
        self.assertEqual([name.split("/")[-1] for name in self.names()], ["web"])
        self.assertEqual(self.page.js("document.getElementById('shown').textContent"), "1 of 3 tests")
        self.search("imagepullbackoff no-such-word")
        self.assertEqual(self.names(), [])

    def test_filters_by_verdict(self):
        self.load("one.html")
        self.page.js("document.querySelector('button[data-verdict=errored]').click()")
        self.assertEqual([name.split("/")[-1] for name in self.names()], ["denied"])
        self.assertEqual(self.page.js("document.querySelector('button[data-verdict=errored]').ariaPressed"), "true")
        self.page.js("document.querySelector('button[data-verdict=\"\"]').click()")
        self.assertEqual(len(self.names()), 3)

    def test_filters_a_timeline_by_kind_and_word(self):
        self.load("one.html")
        self.page.js(f"{OPEN}(1)")
        rows = "document.querySelectorAll('.entries tr').length"
        before = self.page.js(rows)
        self.page.js("document.querySelector('.choices label:last-of-type input').click()")
        self.assertEqual(self.page.js(rows), before - 1)
        self.page.js("""{ const box = document.querySelector('.choices input[type=search]'); box.value = 'pull';
                        box.dispatchEvent(new Event('input')); }""")
        self.assertEqual(self.page.js(rows), 2)

    def test_is_driven_by_keys_alone(self):
        self.load("one.html")
        self.page.key("/")
        self.assertEqual(self.page.js("document.activeElement.id"), "search")
        self.page.type("config")
        self.assertEqual(len(self.names()), 1)
        self.page.key("Escape")
        self.assertEqual(len(self.names()), 3)
        self.page.js("document.activeElement.blur()")
        self.page.key("n")
        self.page.key("n")
        self.page.key("Enter")
        self.assertTrue(self.page.js("document.querySelectorAll('.test')[1].open"))
        self.page.key("p")
        self.assertEqual(self.page.js("document.activeElement.parentElement === document.querySelectorAll('.test')[0]"), True)

    def test_follows_the_systems_colours_and_the_button(self):
        background = "getComputedStyle(document.body).backgroundColor"
        self.page.prefer("light")
        self.load("one.html")
        light = self.page.js(background)
        self.page.prefer("dark")
        dark = self.page.js(background)
        self.assertNotEqual(light, dark)
        self.page.js("document.querySelector('#head button').click()")
        self.assertEqual(self.page.js(background), light)
        self.page.prefer("light")

    def test_text_can_be_read_in_both_colours(self):
        # WCAG 2.2 asks for 4.5 : 1.
        ratio = """(() => { const parts = (color) => color.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
          const card = light(parts(getComputedStyle(document.querySelector('.test')).backgroundColor));
          return Object.fromEntries(['dim', 'passed', 'failed', 'errored', 'skipped', 'warn'].map((name) => {
            const node = document.createElement('span'); node.className = name; document.body.append(node);
            const text = light(parts(getComputedStyle(node).color)); node.remove();
            return [name, (Math.max(card, text) + 0.05) / (Math.min(card, text) + 0.05)]; })); })()"""
        for scheme in ("light", "dark"):
            self.page.prefer(scheme)
            self.load("one.html")
            for name, value in self.page.js(ratio).items():
                self.assertGreaterEqual(value, 4.5, f"{name} in {scheme}")
        self.page.prefer("light")

    def test_opens_the_test_that_a_link_names(self):
        self.load("thousand.html", "#t123")
        self.assertTrue(self.page.js("document.getElementById('t123').open"))

    def test_shows_hostile_names_as_text(self):
        self.load("hostile.html")
        text = self.page.js(f"{OPEN}(0)")
        self.assertIn("</script><script>document.title='broken'</script><img src=x onerror=hit()>\"'&{{data}}", text)
        self.assertNotEqual(self.page.js("document.title"), "broken")
        self.assertEqual(self.page.js("document.querySelectorAll('img').length"), 0)

    def test_stays_quick_with_a_thousand_tests(self):
        took = self.load("thousand.html")
        self.assertEqual(len(self.names()), 1000)
        self.assertLess(took, 5)
        self.assertLess(self.page.js("document.querySelectorAll('*').length"), 15000)
        self.assertLess(self.page.js("""(() => { const began = performance.now(); const box = document.getElementById('search');
          box.value = 'needle-707'; box.dispatchEvent(new Event('input')); return performance.now() - began; })()"""), 2000)
        self.assertEqual([name.split("/")[-1] for name in self.names()], ["test-0707"])

    def test_prints_failures_open_and_without_tools(self):
        self.load("one.html")
        self.page.js("dispatchEvent(new Event('beforeprint'))")
        self.page.prefer("light", "print")
        self.assertEqual(self.page.js("getComputedStyle(document.getElementById('tools')).display"), "none")
        self.assertIn("expected 3, found 1", self.page.js("document.querySelectorAll('.test')[1].innerText"))
        self.page.prefer("light")

    def test_fits_a_narrow_window(self):
        self.page.size(400, 800)
        self.load("one.html")
        self.page.js(f"{OPEN}(1)")
        self.assertLessEqual(self.page.js("document.documentElement.scrollWidth"), 400)
        self.page.size(1200, 900)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
