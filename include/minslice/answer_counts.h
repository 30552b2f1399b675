// Who answered in a log: counted row by row, so that no row has to be kept for it.
#ifndef MINSLICE_ANSWER_COUNTS_H_
#define MINSLICE_ANSWER_COUNTS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace minslice {

// Repeats beyond count with the last: a table of names x repeats has to stay small.
inline constexpr int kMostCountedRepeats = 10'000;

// Of what a gateway said of its cache: whether the answer was not made for this request.
inline bool IsCacheHit(std::string_view cache) { return cache.find("hit") != std::string_view::npos; }

// The place of a count by repeat; `index` is the repeat - 1.
inline std::int64_t& RowsAt(std::vector<std::int64_t>& by_repeat, std::size_t index) {
  if (index >= by_repeat.size()) by_repeat.resize(index + 1, 0);
  return by_repeat[index];
}

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
    if (cached) ++At(cached_by_repeat_, repeat);
    if (!deployment.empty()) Note(deployments_, case_id, repeat, deployment);
    if (!system_fingerprint.empty()) Note(fingerprints_, case_id, repeat, system_fingerprint);
    if (response_model.empty()) {
      ++unnamed_;
    } else if (Note(models_, case_id, repeat, response_model)) {
      ++model_switches_;
    }
  }

  // Rows that were counted before, by repeat. Which of them came first is not known.
  void AddCounted(std::string_view response_model, const std::vector<std::int64_t>& by_repeat) {
    for (const std::int64_t rows : by_repeat) {
      answered_ += rows;
      if (response_model.empty()) unnamed_ += rows;
    }
    if (!response_model.empty()) Put(models_, response_model, by_repeat);
  }
  void AddCountedFingerprint(std::string_view name, const std::vector<std::int64_t>& by_repeat) {
    Put(fingerprints_, name, by_repeat);
  }
  void AddCountedDeployment(std::string_view name, const std::vector<std::int64_t>& by_repeat) {
    Put(deployments_, name, by_repeat);
  }
  void AddCountedCached(const std::vector<std::int64_t>& by_repeat) { cached_by_repeat_ = by_repeat; }

  std::int64_t answered() const { return answered_; }
  std::int64_t unnamed() const { return unnamed_; }  // without a response_model
  std::int64_t cached() const {                      // out of a cache
    return std::accumulate(cached_by_repeat_.begin(), cached_by_repeat_.end(), std::int64_t{0});
  }
  const std::vector<std::int64_t>& cached_by_repeat() const { return cached_by_repeat_; }
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

  static std::int64_t& At(std::vector<std::int64_t>& by_repeat, int repeat) {
    return RowsAt(by_repeat, static_cast<std::size_t>(std::clamp(repeat, 1, kMostCountedRepeats) - 1));
  }

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
    ++At(by.by_repeat, repeat);
    names.last = at;
    return switched;
  }

  static void Put(Names& names, std::string_view name, const std::vector<std::int64_t>& by_repeat) {
    AnsweredBy by{std::string(name), 0, "", 1, by_repeat};
    for (std::size_t r = by_repeat.size(); r-- > 0;) {
      by.rows += by_repeat[r];
      if (by_repeat[r] > 0) by.first_repeat = static_cast<int>(r) + 1;
    }
    names.index.emplace(name, names.list.size());
    names.list.push_back(std::move(by));
  }

  Names models_, fingerprints_, deployments_;
  std::vector<std::int64_t> cached_by_repeat_;
  std::int64_t answered_ = 0, unnamed_ = 0, model_switches_ = 0;
};

}  // namespace minslice

#endif  // MINSLICE_ANSWER_COUNTS_H_
