#include "gate/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "pair/answers.h"

namespace minslice::gate {
namespace {

// Beyond so many repeats the last ones are counted together.
constexpr int kMostRepeats = kMostCountedRepeats;

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int Number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

bool MonthAndDay(std::string_view month, std::string_view day) {
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
}

std::vector<std::string_view> Words(std::string_view name) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && std::string_view("-_.:/ ").find(name[i]) == std::string_view::npos) continue;
    if (i > begin) words.push_back(name.substr(begin, i - begin));
    begin = i + 1;
  }
  return words;
}

Answering ToAnswering(const AnsweredBy& by, std::size_t repeats) {
  Answering answering{by.name, by.rows, by.first_case_id, by.first_repeat, by.by_repeat};
  answering.by_repeat.resize(repeats, 0);
  return answering;
}

LogServing Serving(const RunLog& log) {
  LogServing serving;
  serving.path = log.path;
  serving.suite = log.run.suite;
  serving.target = log.run.target;
  serving.request_model = log.run.request_model;
  serving.started_at = log.run.started_at;
  serving.gateway_kind = log.run.gateway_kind;
  serving.hidden = log.run.gateway_hides;
  serving.repeats = log.run.repeats;
  const AnswerCounts answers = pair::CountAnswers(log);
  serving.repeats = std::max(serving.repeats, pair::HighestRepeat(log));
  const auto repeats = static_cast<std::size_t>(std::min(serving.repeats, kMostRepeats));
  serving.answered = answers.answered();
  serving.unnamed = answers.unnamed();
  serving.model_switches = answers.model_switches();
  serving.echoed = std::all_of(answers.models().begin(), answers.models().end(),
                               [&](const AnsweredBy& by) { return by.name == serving.request_model; });
  for (const AnsweredBy& by : answers.models()) serving.models.push_back(ToAnswering(by, repeats));
  for (const AnsweredBy& by : answers.fingerprints())
    serving.fingerprints.push_back(ToAnswering(by, repeats));
  for (const AnsweredBy& by : answers.deployments()) serving.deployments.push_back(ToAnswering(by, repeats));
  if (serving.models.empty()) serving.echoed = false;
  serving.pinned = NamesVersion(serving.request_model);
  return serving;
}

std::string List(const std::vector<Answering>& list, bool rows = true) {
  std::string text;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i == 4) return text + fmt::format(" and {} more", list.size() - i);
    text += (i > 0 ? ", " : "") + list[i].name;
    if (rows) text += fmt::format(" ({} rows)", list[i].rows);
  }
  return text;
}

std::set<std::string> Names(const std::vector<Answering>& list) {
  std::set<std::string> names;
  for (const Answering& answering : list) names.insert(answering.name);
  return names;
}

// The one model that answered a repeat, or nullptr where it was none or several.
const std::string* OnlyModel(const LogServing& log, std::size_t repeat) {
  const std::string* only = nullptr;
  for (const Answering& answering : log.models) {
    if (answering.by_repeat[repeat] == 0) continue;
    if (only != nullptr) return nullptr;
    only = &answering.name;
  }
  return only;
}

class Finder {
 public:
  explicit Finder(DriftReport& report) : report_(report) {}

  void Within(const LogServing& log) {
    if (log.models.size() > 1) {
      bool pure = log.repeats > 1;
      std::string by_repeat;
      for (int r = 0; r < std::min(log.repeats, kMostRepeats) && pure; ++r) {
        const std::string* only = OnlyModel(log, static_cast<std::size_t>(r));
        if (only == nullptr) {
          pure = false;
        } else {
          by_repeat += fmt::format("{}repeat {} {}", r > 0 ? ", " : "", r + 1, *only);
        }
      }
      if (pure) {
        Add("repeats_differ", true, log,
            "each repeat was answered by one model, but not by the same: " + by_repeat);
      } else {
        const Answering& second = log.models[1];
        std::string text = fmt::format("{} models answered: {}", log.models.size(), List(log.models));
        if (second.first_case.empty()) {  // counts do not know the order of the rows
          Add("model_switched", true, log, text);
          return;
        }
        text += fmt::format("; the first row of {} is case {}, repeat {}", second.name, second.first_case,
                            second.first_repeat);
        const auto switches = static_cast<std::int64_t>(log.models.size()) - 1;
        text += log.model_switches == switches
                    ? "; it switched and stayed"
                    : fmt::format("; {} switches: they take turns, as behind a load balancer",
                                  log.model_switches);
        Add("model_switched", true, log, text);
      }
    }
    if (log.pinned) {
      std::vector<Answering> others;
      for (const Answering& answering : log.models) {
        if (BareModel(answering.name) != BareModel(log.request_model)) others.push_back(answering);
      }
      if (!others.empty()) {
        Add("not_the_pin", true, log,
            fmt::format("asked for {}, answered by {}", log.request_model, List(others)));
      } else if (log.echoed && log.request_model.find('/') != std::string::npos) {
        Add("echoed", false, log,
            fmt::format("the responses name the model in the gateway's own spelling, {}: the gateway may "
                        "write it itself, so "
                        "that this version answered is its word only",
                        log.request_model));
      }
    } else {
      if (log.echoed) {
        Add("hidden", false, log,
            fmt::format("asked for {}, which names no version, and every response says {} too: some gateways "
                        "(LiteLLM by model "
                        "group) put the alias in the place of the provider's answer. A change of model could "
                        "not be seen "
                        "here; ask for a dated name, or have the gateway pass the provider's model on",
                        log.request_model, log.request_model));
      } else {
        Add("alias", false, log,
            fmt::format("asked for {}, which names no version: what it stands for can change without notice",
                        log.request_model));
        if (log.models.size() == 1) {
          Add("resolved", false, log,
              fmt::format("{} stands for {} in this log; ask for that name to pin it", log.request_model,
                          log.models[0].name));
        }
      }
    }
    for (const std::string& sentence : log.hidden) {
      Add("gateway_hides", false, log, fmt::format("{} does not show: {}", log.gateway_kind, sentence));
    }
    if (log.deployments.size() > 1) {
      Add("deployment_changed", false, log,
          fmt::format("the gateway asked {} deployments: {}", log.deployments.size(), List(log.deployments)));
    }
    if (log.unnamed > 0) {
      Add("unnamed", false, log,
          fmt::format("{} of {} answered rows do not say which model answered", log.unnamed, log.answered));
    }
    if (log.fingerprints.size() > 1) {
      Add("fingerprint_changed", false, log,
          fmt::format("{} values of system_fingerprint: {}: the backend is not one configuration",
                      log.fingerprints.size(), List(log.fingerprints)));
    }
  }

  void Between(const LogServing& before, const LogServing& after) {
    if (before.request_model != after.request_model) {
      Add("request_changed", false, after,
          fmt::format("asks for {}, where {} asked for {}", after.request_model, before.path,
                      before.request_model));
      return;
    }
    const std::set<std::string> old_models = Names(before.models);
    const std::set<std::string> new_models = Names(after.models);
    if (!old_models.empty() && !new_models.empty() && old_models != new_models) {
      Add("logs_differ", true, after,
          fmt::format("answered by {}, where {} was answered by {}", List(after.models, false), before.path,
                      List(before.models, false)));
    }
    const std::set<std::string> old_prints = Names(before.fingerprints);
    const std::set<std::string> new_prints = Names(after.fingerprints);
    if (!old_prints.empty() && !new_prints.empty() && old_prints != new_prints) {
      Add("fingerprint_changed", false, after,
          fmt::format("system_fingerprint {}, where {} has {}", List(after.fingerprints, false), before.path,
                      List(before.fingerprints, false)));
    }
  }

 private:
  void Add(const char* code, bool drift, const LogServing& log, std::string text) {
    report_.findings.push_back({code, drift, std::move(text), log.path});
  }

  DriftReport& report_;
};

}  // namespace

bool NamesVersion(std::string_view model) {
  const std::size_t at = model.find('@');
  if (at != std::string_view::npos && at + 1 < model.size() && model.substr(at + 1) != "latest" &&
      model.substr(at + 1) != "default") {
    return true;
  }
  const std::size_t slash = model.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? model : model.substr(slash + 1);
  const std::vector<std::string_view> words = Words(name);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (!AllDigits(word)) continue;
    if (word.size() == 8 && word.starts_with("20") && MonthAndDay(word.substr(4, 2), word.substr(6, 2)))
      return true;
    if (word.size() == 4 && i + 2 < words.size() && word.starts_with("20") && words[i + 1].size() == 2 &&
        words[i + 2].size() == 2 && AllDigits(words[i + 1]) && AllDigits(words[i + 2]) &&
        MonthAndDay(words[i + 1], words[i + 2])) {
      return true;
    }
    // gpt-4-0613; and year-month of the kind mistral-large-2407.
    if (i > 0 && word.size() == 4 &&
        (MonthAndDay(word.substr(0, 2), word.substr(2, 2)) ||
         (Number(word.substr(0, 2)) >= 20 && Number(word.substr(2, 2)) >= 1 &&
          Number(word.substr(2, 2)) <= 12))) {
      return true;
    }
    if (i > 0 && i + 1 == words.size() && word.size() == 3 && word.starts_with("00"))
      return true;  // gemini-1.5-pro-002
  }
  return false;
}

std::string BareModel(std::string_view model) {
  const std::size_t slash = model.rfind('/');
  std::string name(slash == std::string_view::npos ? model : model.substr(slash + 1));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

DriftReport CheckDrift(std::span<const RunLog> logs) {
  DriftReport report;
  for (const RunLog& log : logs) report.logs.push_back(Serving(log));
  Finder finder(report);
  for (std::size_t i = 0; i < report.logs.size(); ++i) {
    finder.Within(report.logs[i]);
    for (std::size_t j = i; j-- > 0;) {
      if (report.logs[j].target != report.logs[i].target) continue;
      finder.Between(report.logs[j], report.logs[i]);
      break;
    }
  }
  std::stable_partition(report.findings.begin(), report.findings.end(),
                        [](const DriftFinding& finding) { return finding.drift; });
  return report;
}

}  // namespace minslice::gate
