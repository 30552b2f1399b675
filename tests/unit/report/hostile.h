// Names, ids and answers that some sink would obey: tests/data/report/hostile.json, which the browser tests
// use too, and bytes that JSON cannot hold.
#ifndef MINSLICE_TESTS_UNIT_REPORT_HOSTILE_H_
#define MINSLICE_TESTS_UNIT_REPORT_HOSTILE_H_

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "unit/gate/logs.h"

namespace minslice::report::testing {

inline std::vector<std::string> HostileTexts() {
  std::ifstream file(std::string(MINSLICE_TEST_DATA) + "/report/hostile.json");
  auto texts = nlohmann::json::parse(file).get<std::vector<std::string>>();
  texts.emplace_back("\xFF\xC3(\xE2\x82 \xED\xA0\x80 not UTF-8");
  texts.emplace_back("\x9B 31m");
  return texts;
}

// A blocked verdict in which every slice, id, model, suite and file carries one of the texts. Slices are
// alike in all but their names.
inline Verdict VerdictOf(const std::vector<std::string>& texts) {
  std::vector<gate::testing::Table> tables;
  for (const std::string& text : texts) tables.push_back({text, 20, 12, 1, 2});
  gate::testing::Logs logs = gate::testing::MakeLogs(tables);
  std::size_t k = 0;
  for (RunLog* log : {&logs.incumbent, &logs.candidate}) {
    const std::string& name = texts[k++];
    log->path = name;
    log->run.request_model = name;
    log->run.suite = name;
    for (std::size_t i = 0; i < log->cases.size(); ++i) {
      log->cases[i].case_id += texts[i % texts.size()];
      log->cases[i].response_model = name;
    }
  }
  return gate::testing::Judge(
      "goal: non_inferiority\nsegments: {dimensions: [flow], floors: {pass_rate: 0.5}}", logs);
}

// Texts of ours, as many as there are hostile ones.
inline std::vector<std::string> PlainTexts() {
  std::vector<std::string> texts(HostileTexts().size());
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = "plain" + std::to_string(100 + i);
  return texts;
}

}  // namespace minslice::report::testing

#endif  // MINSLICE_TESTS_UNIT_REPORT_HOSTILE_H_
