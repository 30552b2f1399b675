#include "gate/repeat_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "io/diagnostics.h"
#include "io/nearest_name.h"
#include "minslice/answer_counts.h"
#include "minslice/case_counts.h"
#include "minslice/evidence_id.h"
#include "minslice/stats/proportion.h"
#include "pair/answer_rows.h"
#include "pair/answers.h"
#include "pair/counted.h"

namespace minslice::gate {
namespace {

using nlohmann::json;
using Row = pair::AnswerRow;

constexpr std::size_t kNamedIds = 3;
constexpr int kMostRepeats = 10'000;

std::string Points(double fraction) { return fmt::format("{:.2f} pt", fraction * 100); }
std::string PText(double p) {
  if (p < 0.0005) return "<.001";
  const std::string text = fmt::format("{:.3f}", p);
  return text.front() == '1' ? "1" : text.substr(1);
}
std::string Plural(std::int64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}
std::string Ids(const std::vector<std::string>& ids) {
  std::string text;
  for (std::size_t i = 0; i < ids.size() && i < kNamedIds; ++i) text += (i > 0 ? ", " : "") + ids[i];
  if (ids.size() > kNamedIds) text += ", ...";
  return text;
}

// The rows of one arm: row[i * repeats + r].
struct Arm {
  std::vector<const RunLog*> logs;
  std::vector<std::string_view> ids;  // ascending
  std::size_t repeats = 1;
  std::vector<Row> rows;
  std::vector<std::string_view> texts;  // by number

  // nullptr: there is none.
  const Row* At(std::size_t i, std::size_t r) const {
    const Row& row = rows[i * repeats + r];
    return row.there ? &row : nullptr;
  }
  // nullptr: the log holds columns.
  const CaseRecord* Record(const Row& row) const { return pair::RecordOf(*logs[row.log], row.row); }
  bool SameScores(const Row& a, const Row& b) const {
    return pair::SameScores(*logs[a.log], a.row, *logs[b.log], b.row);
  }
};

struct PlacedRow {
  std::string_view id;
  std::size_t repeat;  // from 0
  Row row;
};

// Of several logs, or of one that holds rows. Gives how many repeats the arm has.
int CollectRows(const Arm& arm, pair::AnswerTexts& texts, std::vector<PlacedRow>& rows,
                io::Diagnostics& errors) {
  std::set<std::pair<std::string_view, int>> seen;  // only needed where there are several logs
  std::map<std::string, std::string_view> hashes;
  int repeats = 1;
  for (std::size_t l = 0; l < arm.logs.size(); ++l) {
    const RunLog* log = arm.logs[l];
    if (const auto [first, is_new] = hashes.emplace(EvidenceId(log->sha256, log->path), log->path);
        !is_new && !log->sha256.empty()) {
      errors.Add({log->path, 0, 0}, fmt::format("the same log as {}; give each log once", first->second));
      continue;
    }
    const std::size_t first = rows.size();
    bool further = false;  // holds a (case, repeat) of an earlier log
    pair::ForEachAnswer(*log, texts, [&](std::string_view id, int repeat, const Row& row) {
      rows.push_back({id, static_cast<std::size_t>(repeat) - 1, row});
      rows.back().row.log = static_cast<std::uint16_t>(l);
      further = further || (arm.logs.size() > 1 && seen.contains({id, repeat}));
    });
    const int offset = further ? repeats : 0;
    for (std::size_t i = first; i < rows.size(); ++i) {
      rows[i].repeat += static_cast<std::size_t>(offset);
      const int repeat = static_cast<int>(rows[i].repeat) + 1;
      repeats = std::max(repeats, repeat);
      if (arm.logs.size() > 1) seen.emplace(rows[i].id, repeat);
    }
    // What the run planned counts too: a repeat that has not begun is a missing one.
    repeats = std::max(repeats, log->run.repeats + offset);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const PlacedRow& a, const PlacedRow& b) {
    return std::tie(a.id, a.repeat) < std::tie(b.id, b.repeat);
  });
  return repeats;
}

Result<Arm> Collect(std::vector<const RunLog*> logs) {
  Arm arm;
  arm.logs = std::move(logs);
  pair::AnswerTexts texts(arm.texts);
  io::Diagnostics errors;
  const RunLog& log = *arm.logs.front();
  const bool in_order = arm.logs.size() == 1 && !pair::HoldsRows(log);
  std::vector<PlacedRow> rows;
  const int repeats = in_order ? std::max({1, pair::HighestRepeat(log), log.run.repeats})
                               : CollectRows(arm, texts, rows, errors);
  if (repeats > kMostRepeats) {
    errors.Add({log.path, 0, 0},
               fmt::format("expected at most {} repeats of one arm, found {}", kMostRepeats, repeats));
    return tl::unexpected(errors.ToFailure());
  }
  arm.repeats = static_cast<std::size_t>(repeats);
  const std::size_t n = in_order ? log.columns->size() : rows.size();
  arm.rows.reserve(n);
  arm.ids.reserve(n / arm.repeats + 1);
  const auto place = [&](std::string_view id, std::size_t repeat, const Row& row) {
    if (arm.ids.empty() || arm.ids.back() != id) {
      arm.ids.push_back(id);
      arm.rows.resize(arm.ids.size() * arm.repeats);
    }
    Row& at = arm.rows[(arm.ids.size() - 1) * arm.repeats + repeat];
    if (at.there) {
      errors.Add({log.path, 0, 0},
                 fmt::format("case {} has two rows for repeat {}", io::Quoted(id), repeat + 1));
    }
    at = row;
  };
  if (in_order) {
    pair::ForEachAnswer(log, texts, [&place](std::string_view id, int repeat, const Row& row) {
      place(id, static_cast<std::size_t>(repeat) - 1, row);
    });
  }
  for (const PlacedRow& row : rows) place(row.id, row.repeat, row.row);
  if (!errors.empty()) return tl::unexpected(errors.ToFailure());
  return arm;
}

bool Graded(const Row* row) { return row != nullptr && row->outcome != Outcome::kInfraError; }

char Letter(const Row& row) {
  switch (row.outcome) {
    case Outcome::kPass:
      return 'p';
    case Outcome::kFail:
      return 'f';
    case Outcome::kModelError:
      return 'e';
    case Outcome::kInfraError:
      return '-';
  }
  return '-';
}

// A property of rows that holds for some repeats of a case and not for others, counted by repeat.
struct Difference {
  std::vector<std::int64_t> by_repeat;
  std::vector<std::string> ids;       // cases in which the repeats differ
  std::vector<std::int64_t> only_in;  // cases that have it in this repeat alone
  std::int64_t flipped = 0;           // of ids: the grade flips too
  std::int64_t always = 0;            // cases that have it in every repeat
};

template <class Has>
Difference Differ(const Arm& arm, Has has) {
  Difference difference;
  difference.by_repeat.assign(arm.repeats, 0);
  difference.only_in.assign(arm.repeats, 0);
  for (std::size_t i = 0; i < arm.ids.size(); ++i) {
    std::size_t with = 0;
    std::size_t rows = 0;
    std::size_t last = 0;
    bool pass = false;
    bool fail = false;
    for (std::size_t r = 0; r < arm.repeats; ++r) {
      const Row* row = arm.At(i, r);
      if (row == nullptr) continue;
      ++rows;
      if (Graded(row)) (row->outcome == Outcome::kPass ? pass : fail) = true;
      if (!has(*row)) continue;
      ++with;
      last = r;
      ++difference.by_repeat[r];
    }
    if (with == rows && rows == arm.repeats) ++difference.always;
    if (with == 0 || with == rows) continue;
    difference.ids.emplace_back(arm.ids[i]);
    if (pass && fail) ++difference.flipped;
    if (with == 1) ++difference.only_in[last];
  }
  return difference;
}

// "11 prompts end with finish_reason length in repeat 2 only (r-1, r-2, ...)" and, where they are spread over
// the repeats, "14 prompts ... in some repeats only (by repeat 3, 9, 4)".
std::string Sentence(const Difference& difference, const std::string& what, std::size_t repeats) {
  const auto n = static_cast<std::int64_t>(difference.ids.size());
  std::string text = fmt::format("{} {}", Plural(n, "prompt", "prompts"), what);
  std::size_t only = repeats;
  for (std::size_t r = 0; r < repeats; ++r) {
    if (difference.only_in[r] == n) only = r;
  }
  if (only < repeats) {
    text += fmt::format(" in repeat {} only", only + 1);
  } else {
    text += " in some repeats only (by repeat ";
    for (std::size_t r = 0; r < repeats; ++r)
      text += fmt::format("{}{}", r > 0 ? ", " : "", difference.by_repeat[r]);
    text += ")";
  }
  if (difference.flipped > 0) text += fmt::format("; {} of them flip", difference.flipped);
  return text + ": " + Ids(difference.ids);
}

void AddCause(std::vector<RepeatCause>& causes, const char* code, const std::string& what,
              Difference difference, std::size_t repeats) {
  if (difference.ids.empty()) return;
  std::string text = Sentence(difference, what, repeats);
  causes.push_back({code, std::move(text), std::move(difference.by_repeat), std::move(difference.ids)});
}

// Which model or backend answered, if it was not always the same one.
void AddServing(const Arm& arm, const char* code, const char* noun, std::vector<RepeatCause>& causes,
                std::uint32_t Row::* field, std::map<std::string, CountedAnswers> CountedSide::* counted) {
  std::vector<std::vector<std::int64_t>> by_text(arm.texts.size());
  for (std::size_t i = 0; i < arm.rows.size(); ++i) {
    const std::uint32_t text = arm.rows[i].*field;
    if (text == pair::kNoText) continue;
    by_text[text].resize(arm.repeats, 0);
    ++by_text[text][i % arm.repeats];
  }
  std::map<std::string, std::vector<std::int64_t>> counts;
  for (std::size_t text = 0; text < by_text.size(); ++text) {
    if (!by_text[text].empty()) counts.emplace(arm.texts[text], std::move(by_text[text]));
  }
  if (const RunLog& log = *arm.logs.front(); pair::CountsOf(log) != nullptr) {
    for (const auto& [name, answers] : pair::CountedSideOf(log).*counted) {
      if (name.empty()) continue;
      counts[name] = answers.by_repeat;
      counts[name].resize(arm.repeats, 0);
    }
  }
  if (counts.size() < 2) return;
  std::string text = fmt::format("{} {} answered:", counts.size(), noun);
  std::size_t listed = 0;
  for (const auto& [value, by_repeat] : counts) {
    if (++listed > 4) {
      text += " ...";
      break;
    }
    text += fmt::format("{} {} (rows by repeat", listed > 1 ? "," : "", value);
    for (std::size_t r = 0; r < by_repeat.size(); ++r)
      text += fmt::format("{} {}", r > 0 ? "," : "", by_repeat[r]);
    text += ")";
  }
  causes.push_back({code, std::move(text), {}, {}});
}

void FindCauses(const Arm& arm, RepeatCheck& check) {
  const std::size_t k = arm.repeats;
  std::vector<RepeatCause>& causes = check.causes;
  AddServing(arm, "response_model", "models", causes, &Row::response_model, &CountedSide::models);
  std::vector<RepeatCause> counted;
  std::vector<bool> ended(arm.texts.size());
  for (const Row& row : arm.rows) {
    if (row.finish_reason != pair::kNoText) ended[row.finish_reason] = true;
  }
  std::map<std::string, std::uint32_t> reasons;
  for (std::uint32_t text = 0; text < ended.size(); ++text) {
    if (ended[text]) reasons.emplace(arm.texts[text], text);
  }
  for (const auto& [reason, text] : reasons) {
    if (reason == "stop" || reason == "tool_calls") continue;  // what is left once the others are named
    AddCause(counted, "finish_reason", "end with finish_reason " + reason,
             Differ(arm, [number = text](const Row& row) { return row.finish_reason == number; }), k);
  }
  AddCause(counted, "model_error", "are model errors",
           Differ(arm, [](const Row& row) { return row.outcome == Outcome::kModelError; }), k);
  AddCause(counted, "infra_error", "have an infra_error",
           Differ(arm, [](const Row& row) { return row.outcome == Outcome::kInfraError; }), k);
  std::stable_sort(counted.begin(), counted.end(), [](const RepeatCause& a, const RepeatCause& b) {
    return a.case_ids.size() > b.case_ids.size();
  });
  for (RepeatCause& cause : counted) causes.push_back(std::move(cause));
  AddServing(arm, "system_fingerprint", "backends (system_fingerprint)", causes, &Row::system_fingerprint,
             &CountedSide::fingerprints);
  for (const RunLog* log : arm.logs) {
    const json request = json::parse(log->run.request_json, nullptr, false);
    if (!request.is_object()) continue;
    const auto temperature = request.find("temperature");
    if (temperature == request.end() || !temperature->is_number() || temperature->get<double>() == 0)
      continue;
    causes.push_back(
        {"temperature",
         fmt::format("temperature is {}: repeats are drawn, not repeated; the check is for temperature 0",
                     temperature->get<double>()),
         {},
         {}});
    break;
  }
}

void Agreement(const Arm& arm, const RepeatOptions& options, RepeatCheck& check) {
  std::int64_t complete = 0;
  std::int64_t with_outputs = 0;
  std::int64_t answers = 0;
  std::int64_t raw = 0;
  for (std::size_t i = 0; i < arm.ids.size(); ++i) {
    bool all = true;
    bool outputs = true;
    bool same_answer = true;
    bool same_raw = true;
    std::string letters;
    std::int64_t passes = 0;
    const Row* first = arm.At(i, 0);
    for (std::size_t r = 0; r < arm.repeats; ++r) {
      const Row* row = arm.At(i, r);
      if (!Graded(row)) {
        all = false;
        break;
      }
      const CaseRecord* record = arm.Record(*row);
      outputs = outputs && record != nullptr && record->output.has_value();
      same_answer = same_answer && (row->outcome == Outcome::kPass) == (first->outcome == Outcome::kPass) &&
                    arm.SameScores(*row, *first);
      same_raw = same_raw && outputs && record->output == arm.Record(*first)->output;
      letters += Letter(*row);
      passes += row->outcome == Outcome::kPass ? 1 : 0;
    }
    if (!all) continue;
    ++complete;
    if (outputs) {
      ++with_outputs;
      raw += same_raw ? 1 : 0;
    }
    answers += same_answer ? 1 : 0;
    const auto k = static_cast<std::int64_t>(arm.repeats);
    if (passes == 0 || passes == k) continue;
    check.flips.push_back(
        {std::string(arm.ids[i]), letters, passes, *stats::WilsonInterval(passes, k, options.level)});
  }
  check.tar_answers = stats::WilsonInterval(answers, complete, options.level);
  if (with_outputs > 0) {
    check.tar_raw = stats::WilsonInterval(raw, with_outputs, options.level);
    if (with_outputs < complete) {
      check.warnings.push_back(fmt::format(
          "tar_raw: over {} of {} cases; the rows of the others hold no output", with_outputs, complete));
    }
  } else {
    check.tar_raw = Undefined("no_outputs", "the logs hold no outputs");
  }
}

void Judge(const RepeatOptions& options, RepeatCheck& check) {
  const stats::Nondeterminism& s = *check.noise;
  const double slack = 1e-9;
  const bool wide = s.spread > options.max_spread + slack;
  const bool beyond = s.spread > s.spread_limit + slack;
  const bool shifted = s.flipped > 0 && s.cochran_p < options.q_level;
  const std::string q = s.flipped > 0 ? "Q p " + PText(s.cochran_p) : "no case changed";
  const std::string shown = fmt::format("spread {} (expected {}, 95 % point {}), {}", Points(s.spread),
                                        Points(s.expected_spread), Points(s.spread_limit), q);
  if (shifted) {
    check.verdict = RepeatVerdict::kNondeterministic;
    check.why = fmt::format("{}: the repeats do not have one pass rate", shown);
  } else if (wide && beyond) {
    check.verdict = RepeatVerdict::kNondeterministic;
    check.why = fmt::format("{}: more than the cases' own noise gives", shown);
  } else if (wide) {
    check.verdict = RepeatVerdict::kNoiseExplainsIt;
    check.why = fmt::format("{}: over {}, but {} prompts that flip on their own make as much", shown,
                            Points(options.max_spread), s.flipped);
  } else {
    check.verdict = RepeatVerdict::kStable;
    check.why = shown;
  }
}

// Repeats that no model ran again: answers out of a cache, or rows with the very latencies of an earlier
// repeat. Empty: there are none.
std::string NoRuns(const Arm& arm) {
  constexpr int kCopiedRows = 5;  // so many equal latencies, and no other one, are no chance
  std::int64_t cached = 0;
  if (const RunLog& log = *arm.logs.front(); pair::CountsOf(log) != nullptr) {
    const std::vector<std::int64_t>& by_repeat = pair::CountedSideOf(log).cached;
    for (std::size_t r = 1; r < std::min(arm.repeats, by_repeat.size()); ++r) cached += by_repeat[r];
  }
  for (std::size_t i = 0; i < arm.ids.size(); ++i) {
    for (std::size_t r = 1; r < arm.repeats; ++r) {
      const Row* row = arm.At(i, r);
      if (Graded(row) && row->cached) ++cached;
    }
  }
  if (cached > 0) {
    return fmt::format(
        "{} of the repeats after the first came from a cache: they repeat an answer, not a run",
        Plural(cached, "row", "rows"));
  }
  for (std::size_t r = 1; r < arm.repeats; ++r) {
    for (std::size_t before = 0; before < r; ++before) {
      int same = 0;
      bool copied = true;
      for (std::size_t i = 0; i < arm.ids.size() && copied; ++i) {
        const Row *row = arm.At(i, r), *other = arm.At(i, before);
        if (!Graded(row) || !Graded(other) || (!row->latency_ms && !other->latency_ms)) continue;
        copied = row->latency_ms == other->latency_ms;
        ++same;
      }
      if (copied && same >= kCopiedRows) {
        return fmt::format("repeat {} has the very latencies of repeat {}: a copy of its rows, not a run",
                           r + 1, before + 1);
      }
    }
  }
  return {};
}

// What keeps repeats that agree from being called stable: a log that is not finished, or several models.
void Doubt(const Arm& arm, RepeatCheck& check) {
  for (const RepeatCause& cause : check.causes) {
    if (cause.code != "response_model") continue;
    check.verdict = RepeatVerdict::kMixedModels;
    check.why = "these are no repeats of one model: " + cause.text + "; " + check.why;
    return;
  }
  if (check.verdict == RepeatVerdict::kNondeterministic) return;
  if (const std::string no_runs = NoRuns(arm); !no_runs.empty()) {
    check.verdict = RepeatVerdict::kUnknown;
    check.no_runs = true;
    check.why = fmt::format("{}; {}", no_runs, check.why);
    return;
  }
  for (const RunLog* log : arm.logs) {
    if (log->end) continue;
    check.verdict = RepeatVerdict::kUnknown;
    check.why =
        fmt::format("{} is unfinished, so what is missing may disagree; so far {}", log->path, check.why);
    return;
  }
  constexpr double kMostLeftOut = 0.01;  // as missing.cap of a policy
  if (static_cast<double>(check.incomplete) <= kMostLeftOut * static_cast<double>(check.cases)) return;
  check.verdict = RepeatVerdict::kUnknown;
  check.why =
      fmt::format("{} of {} cases lack a graded answer in some repeat, more than 1 %; over the others {}",
                  check.incomplete, check.cases, check.why);
}

}  // namespace

std::string RepeatRule(const RepeatOptions& options) {
  return fmt::format(
      "nondeterministic if Cochran's Q p < {:g}, or the spread is over {:g} pt and over the 95 % point of "
      "the "
      "cases' own noise; noise_explains_it if over {:g} pt but within that point; else stable",
      options.q_level, options.max_spread * 100, options.max_spread * 100);
}

Result<std::vector<RepeatCheck>> CheckRepeats(std::span<const RunLog> logs, const RepeatOptions& options) {
  std::vector<std::vector<const RunLog*>> arms;
  const auto key = [](const RunLog& log) {
    return std::tie(log.run.suite, log.run.suite_sha256, log.run.target, log.run.request_model);
  };
  for (const RunLog& log : logs) {
    const auto arm = std::find_if(arms.begin(), arms.end(),
                                  [&](const auto& members) { return key(*members.front()) == key(log); });
    if (arm == arms.end()) {
      arms.push_back({&log});
    } else {
      arm->push_back(&log);
    }
  }
  std::vector<RepeatCheck> checks;
  Failure failure;
  for (std::vector<const RunLog*>& members : arms) {
    RepeatCheck check;
    check.suite = members.front()->run.suite;
    check.target = members.front()->run.target;
    check.request_model = members.front()->run.request_model;
    for (const RunLog* log : members) {
      check.paths.push_back(log->path);
      if (!log->end)
        check.warnings.push_back(fmt::format("{}: unfinished: the log has no end record", log->path));
      for (const std::string& sentence : log->run.gateway_hides) {
        check.warnings.push_back(
            fmt::format("{}: {} does not show: {}", log->path, log->run.gateway_kind, sentence));
      }
    }
    auto arm = Collect(std::move(members));
    if (!arm) {
      for (Diagnostic& diagnostic : arm.error().diagnostics)
        failure.diagnostics.push_back(std::move(diagnostic));
      continue;
    }
    check.repeats = static_cast<int>(arm->repeats);
    check.cases = static_cast<std::int64_t>(arm->ids.size());
    if (arm->repeats < 2) {
      check.why =
          "one repeat: nothing to compare; 3 are usual (run with --repeats 3, or give more logs of the arm)";
      check.tar_answers = check.tar_raw = Undefined("one_repeat", check.why);
      check.noise = Undefined("one_repeat", check.why);
      checks.push_back(std::move(check));
      continue;
    }
    std::vector<double> scores;
    scores.reserve(arm->rows.size());
    check.rates.assign(arm->repeats, 0);
    for (std::size_t i = 0; i < arm->ids.size(); ++i) {
      std::size_t graded = 0;
      std::size_t passes = 0;
      for (std::size_t r = 0; r < arm->repeats; ++r) {
        const Row* row = arm->At(i, r);
        const bool pass = Graded(row) && row->outcome == Outcome::kPass;
        graded += Graded(row) ? 1 : 0;
        passes += pass ? 1 : 0;
        scores.push_back(Graded(row) ? (pass ? 1 : 0) : std::numeric_limits<double>::quiet_NaN());
      }
      if (graded < arm->repeats) {
        ++check.incomplete;
        continue;
      }
      check.all_pass += passes == arm->repeats ? 1 : 0;
      check.any_pass += passes > 0 ? 1 : 0;
      for (std::size_t r = 0; r < arm->repeats; ++r)
        check.rates[r] += scores[scores.size() - arm->repeats + r];
    }
    for (double& rate : check.rates) rate /= static_cast<double>(check.cases - check.incomplete);
    check.noise = stats::CheckNondeterminism(
        scores, check.repeats,
        {.max_spread = options.max_spread, .cochran_q = options.q_level, .level = options.level});
    Agreement(*arm, options, check);
    FindCauses(*arm, check);
    if (check.noise) {
      Judge(options, check);
      Doubt(*arm, check);
    } else {
      check.rates.clear();
      check.why = check.noise.error().text;
    }
    checks.push_back(std::move(check));
  }
  if (!failure.diagnostics.empty()) return tl::unexpected(std::move(failure));
  return checks;
}

}  // namespace minslice::gate
