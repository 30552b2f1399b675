#!/usr/bin/env python3
"""What the harnesses' own comparisons say of two runs over the same prompts, beside the paired test of the same answers.

usage: harness_comparisons.py [TRUTH]

TRUTH holds one row a prompt: id, segment and whether each of two models passed (tests/data/peers/truth.tsv: the answers behind the logs of
tests/data/peers). Standard library only; every formula is the harness's own, named with its file.
"""
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def read(path):
    lines = pathlib.Path(path).read_text().splitlines()
    names = lines[0].split("\t")[2:]
    rows = [line.split("\t") for line in lines[1:]]
    return names, [(int(row[2]), int(row[3])) for row in rows]


def sample_sd(values):
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))


def two_sided(z):
    return math.erfc(abs(z) / math.sqrt(2))


def mcnemar_exact(b, c):
    n, k = b + c, min(b, c)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n)


def main():
    names, pairs = read(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "tests" / "data" / "peers" / "truth.tsv")
    n = len(pairs)
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    delta = (sum(after) - sum(before)) / n
    print(f"{n} prompts: {names[0]} {100 * sum(before) / n:.1f} %, {names[1]} {100 * sum(after) / n:.1f} %, difference {100 * delta:+.2f} points")

    # lm_eval/scripts/model_comparator.py: z = (a - b) / sqrt(se_a^2 + se_b^2), se = sample_stddev / sqrt(n) (api/metrics.py mean_stderr)
    unpaired = math.hypot(sample_sd(before) / math.sqrt(n), sample_sd(after) / math.sqrt(n))
    print(f"unpaired (lm-eval's model_comparator; Inspect's stderr of each log): SE {100 * unpaired:.2f} points, z {delta / unpaired:.2f}, p {two_sided(delta / unpaired):.4f}")

    # The same answers, prompt against prompt.
    paired = sample_sd([b - a for a, b in pairs]) / math.sqrt(n)
    print(f"paired: SE {100 * paired:.2f} points, z {delta / paired:.2f}, p {two_sided(delta / paired):.4f}")
    broke = sum(a == 1 and b == 0 for a, b in pairs)
    fixed = sum(a == 0 and b == 1 for a, b in pairs)
    print(f"broke {broke}, fixed {fixed}: McNemar exact p {mcnemar_exact(broke, fixed):.5f}")
    # The unpaired SE leaves out the covariance; so many prompts would give it the paired one's width.
    print(f"prompts that the unpaired comparison needs for the same interval: {math.ceil(n * (unpaired / paired) ** 2)}")


if __name__ == "__main__":
    main()
