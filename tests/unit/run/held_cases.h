// Cases that a test has made up.
#ifndef MINSLICE_TESTS_UNIT_RUN_HELD_CASES_H_
#define MINSLICE_TESTS_UNIT_RUN_HELD_CASES_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "suite/case_source.h"

namespace minslice::run {

class HeldCases : public suite::CaseSource {
 public:
  std::size_t size() const override { return cases.size(); }
  Result<Case> At(std::size_t index) override { return cases[index]; }
  std::optional<std::size_t> Find(std::string_view id) override {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      if (cases[i].id == id) return i;
    }
    return std::nullopt;
  }
  std::vector<Case> cases;
};

}  // namespace minslice::run

#endif  // MINSLICE_TESTS_UNIT_RUN_HELD_CASES_H_
