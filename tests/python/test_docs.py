"""The blocks of docs/python.md, in order, in the demo's folder."""

import doctest
import pathlib
import re

PAGE = pathlib.Path(__file__).parents[2] / "docs/python.md"


def test_blocks(demo, monkeypatch):
    monkeypatch.chdir(demo.policy.parent)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    names = {}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said = []
    for number, block in enumerate(blocks):
        test = doctest.DocTestParser().get_doctest(block, names, f"block {number + 1}", str(PAGE), 0)
        assert test.examples
        runner.run(test, out=said.append, clear_globs=False)
        names = test.globs
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
