// Who answered in a log: counted row by row, so that no row has to be kept for it.
#ifndef MINSLICE_ANSWER_COUNTS_H_
#define MINSLICE_ANSWER_COUNTS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace minslice {

// Repeats beyond count with the last: a table of names x repeats has to stay small.
inline constexpr int kMostCountedRepeats = 10'000;

// Of what a gateway said of its cache: whether the answer was not made for this request.
inline bool IsCacheHit(std::string_view cache) { return cache.find("hit") != std::string_view::npos; }

// One name that answered, with the first row that shows it.
struct AnsweredBy {
  std::string name;
  std::int64_t rows = 0;
  std::string first_case_id;
  int first_repeat = 1;
  std::vector<std::int64_t> by_repeat;  // as long as the highest repeat that it answered
};

// Over the rows that are no infra_error, in the file's order.
class AnswerCounts {
 public:
  // Empty names: not known.
  void Add(std::string_view case_id, int repeat, std::string_view response_model,
           std::string_view system_fingerprint, std::string_view deployment = {}, bool cached = false) {
    ++answered_;
    cached_ += cached ? 1 : 0;
    if (!deployment.empty()) Note(deployments_, case_id, repeat, deployment);
    if (!system_fingerprint.empty()) Note(fingerprints_, case_id, repeat, system_fingerprint);
    if (response_model.empty()) {
      ++unnamed_;
    } else if (Note(models_, case_id, repeat, response_model)) {
      ++model_switches_;
    }
  }

  std::int64_t answered() const { return answered_; }
  std::int64_t unnamed() const { return unnamed_; }  // without a response_model
  std::int64_t cached() const { return cached_; }    // out of a cache
  std::int64_t model_switches() const { return model_switches_; }
  const std::vector<AnsweredBy>& models() const { return models_.list; }  // in the order in which they came
  const std::vector<AnsweredBy>& fingerprints() const { return fingerprints_.list; }
  const std::vector<AnsweredBy>& deployments() const { return deployments_.list; }  // the gateway's own ids

 private:
  struct Names {
    std::vector<AnsweredBy> list;
    std::map<std::string, std::size_t, std::less<>> index;
    std::size_t last = static_cast<std::size_t>(-1);
  };

  // Whether it is another one than in the row before.
  static bool Note(Names& names, std::string_view case_id, int repeat, std::string_view name) {
    std::size_t at = names.last;
    if (at >= names.list.size() || names.list[at].name != name) {
      const auto known = names.index.find(name);
      at = known == names.index.end() ? names.list.size() : known->second;
    }
    const bool switched = names.last < names.list.size() && at != names.last;
    if (at == names.list.size()) {
      names.index.emplace(name, at);
      names.list.push_back({std::string(name), 0, std::string(case_id), repeat, {}});
    }
    AnsweredBy& by = names.list[at];
    ++by.rows;
    const auto r = static_cast<std::size_t>(std::clamp(repeat, 1, kMostCountedRepeats) - 1);
    if (r >= by.by_repeat.size()) by.by_repeat.resize(r + 1, 0);
    ++by.by_repeat[r];
    names.last = at;
    return switched;
  }

  Names models_, fingerprints_, deployments_;
  std::int64_t answered_ = 0, unnamed_ = 0, cached_ = 0, model_switches_ = 0;
};

}  // namespace minslice

#endif  // MINSLICE_ANSWER_COUNTS_H_
