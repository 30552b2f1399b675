#include "io/looks_like.h"

#include <algorithm>

#include "io/utf8.h"

namespace minslice::io {

std::string LooksLike(std::string_view bytes) {
  const std::string_view head = SkipByteOrderMark(bytes).substr(0, 65536);
  const auto has = [&](std::string_view words) { return head.find(words) != std::string_view::npos; };
  if (head.find_first_not_of(" \t\r\n") == std::string_view::npos) return "an empty file";
  if (head.starts_with("PK\x03\x04"))
    return bytes.find("samples/") != std::string_view::npos || has("_journal/")
               ? "an Inspect log (import inspect)"
               : "a zip archive";
  if (head.starts_with("\x1f\x8b")) return "a gzip file: unpack it first";
  if (head.starts_with("\x28\xb5\x2f\xfd")) return "a zstd file";
  if (head.starts_with("PAR1")) return "a Parquet file";
  if (head.starts_with("SQLite format 3")) return "an SQLite database";
  const auto control = [](unsigned char c) { return c < 0x20 && (c < '\t' || c > '\r') && c != 0x1b; };
  if (std::any_of(head.begin(), head.end(), control)) return "a binary file";
  const char first = head[head.find_first_not_of(" \t\r\n")];
  if (head.starts_with("<")) return "HTML or XML";
  if (first == '{' || first == '[') {
    if (head.starts_with("{\"counts_version\":")) return "counts of minslice reduce";
    if (has("\"log_version\"") || head.starts_with("{\"record\":")) return std::string(kLooksLikeLog);
    if (has("\"verdict_version\"")) return std::string(kLooksLikeVerdict);
    if (has("\"doc_hash\"") || has("\"filtered_resps\"")) return "lm-eval samples (import lm-eval)";
    if (has("\"lm_eval_version\"") || has("\"group_subtasks\""))
      return "lm-eval results, not samples_*.jsonl";
    if (has("\"eval\"") && has("\"status\"")) return "an Inspect log (import inspect)";
    if (has("\"promptIdx\"") || has("\"evalId\"")) return "promptfoo results (import promptfoo)";
    if (has("\"problem_idx\"")) return "NeMo Evaluator results (import nemo)";
    if (has("\"config_hash\"") && has("\"benchmark\"")) return "a NeMo Evaluator bundle, not results.jsonl";
    if (has("\"id\"") && (has("\"prompt\"") || has("\"messages\"")) && has("\"segments\""))
      return "cases of a suite";
    return first == '{' ? "JSON of another kind (import jsonl takes any, fields named by flags)"
                        : "a JSON list";
  }
  if (has("\ngating:") || head.starts_with("gating:") || has("\ngoal:") || head.starts_with("goal:"))
    return "a policy";
  if (has("\ncases:") && has("\ntargets:")) return "a suite";
  if (has(",Status,Score")) return "a promptfoo CSV (import promptfoo)";
  if (has(",") && has("\n")) return "CSV (import csv takes any, fields named by flags)";
  return "text";
}

std::string WrongKind(std::string_view bytes, std::string_view wanted,
                      std::initializer_list<std::string_view> others) {
  const std::string looks = LooksLike(bytes);
  if (std::find(others.begin(), others.end(), looks) == others.end()) return "";
  std::string text = "expected ";
  // What stands behind a colon is advice for one who wants to import the file.
  return text.append(wanted).append(", found what looks like ").append(looks, 0, looks.find(':'));
}

}  // namespace minslice::io
