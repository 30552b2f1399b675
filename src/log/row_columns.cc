#include "log/row_columns.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "log/prefix_sort.h"
#include "log/text_hash.h"
#include "log/text_order.h"

namespace minslice::log {
namespace {

// So many ascending runs are merged (a log that was written repeat by repeat has one each); more are sorted.
constexpr std::size_t kMostRuns = 64;

std::uint64_t PromptKey(std::string_view text) {
  const std::uint64_t hash = TextHash(text);
  return hash == 0 ? 1 : hash;
}

// The length in front of the text, so that no two lists of texts have one key.
void AddToKey(std::string_view text, std::string& key) {
  const std::size_t size = text.size();
  char bytes[sizeof size];
  std::memcpy(bytes, &size, sizeof size);
  key.append(bytes, sizeof size).append(text);
}

}  // namespace

CaseRecord ToRecord(const RowFields& row) {
  CaseRecord record;
  const auto text = [](const std::optional<std::string_view>& view, std::optional<std::string>& to) {
    if (view) to.emplace(*view);
  };
  record.case_id = row.case_id;
  record.repeat = row.repeat;
  record.outcome = row.outcome;
  record.scores.reserve(row.scores.size());
  for (const auto& [name, value] : row.scores) record.scores.emplace_back(name, value);
  record.segments.reserve(row.segments.size());
  for (const auto& [dimension, value] : row.segments)
    record.segments.push_back({std::string(dimension), std::string(value)});
  text(row.cluster, record.cluster);
  text(row.prompt_sha256, record.prompt_sha256);
  text(row.response_model, record.response_model);
  text(row.system_fingerprint, record.system_fingerprint);
  text(row.finish_reason, record.finish_reason);
  text(row.output, record.output);
  text(row.error, record.error);
  record.input_tokens = row.input_tokens;
  record.output_tokens = row.output_tokens;
  record.cost_usd = row.cost_usd;
  record.latency_ms = row.latency_ms;
  record.due_latency_ms = row.due_latency_ms;
  record.ttft_ms = row.ttft_ms;
  record.tokens_per_s = row.tokens_per_s;
  record.via = row.via;
  record.attempts = row.attempts;
  return record;
}

void ViewRecord(const CaseRecord& record, RowFields& row) {
  row.Clear();
  const auto text = [](const std::optional<std::string>& from, std::optional<std::string_view>& to) {
    if (from) to.emplace(*from);
  };
  row.case_id = record.case_id;
  row.repeat = record.repeat;
  row.outcome = record.outcome;
  for (const auto& [name, value] : record.scores) row.scores.emplace_back(name, value);
  for (const Segment& segment : record.segments)
    row.own_segments.emplace_back(segment.dimension, segment.value);
  row.segments = row.own_segments;
  text(record.cluster, row.cluster);
  text(record.prompt_sha256, row.prompt_sha256);
  text(record.response_model, row.response_model);
  text(record.system_fingerprint, row.system_fingerprint);
  text(record.finish_reason, row.finish_reason);
  row.input_tokens = record.input_tokens;
  row.output_tokens = record.output_tokens;
  row.cost_usd = record.cost_usd;
  row.latency_ms = record.latency_ms;
  row.via = record.via;
}

void RowColumns::Reserve(std::size_t rows, std::size_t id_bytes) {
  ids_.reserve(id_bytes);
  rows_.reserve(rows);
}

std::uint32_t RowColumns::Number(Names& names, std::string_view text, bool& is_new) {
  is_new = false;
  if (names.last_number != kNone && names.last == text) return names.last_number;
  names.last.assign(text);
  const auto [entry, added] =
      names.index.try_emplace(names.last, static_cast<std::uint32_t>(names.index.size()));
  is_new = added;
  names.last_number = entry->second;
  return entry->second;
}

std::uint32_t RowColumns::SegmentSet(const RowFields& row) {
  if (row.segments_number < set_of_scanned_.size() && set_of_scanned_[row.segments_number] != kNone)
    return set_of_scanned_[row.segments_number];
  key_.clear();
  for (const auto& [dimension, value] : row.segments) {
    AddToKey(dimension, key_);
    AddToKey(value, key_);
  }
  bool is_new = false;
  const std::uint32_t number = Number(set_index_, key_, is_new);
  if (is_new) {
    std::vector<Segment>& set = sets_.emplace_back();
    for (const auto& [dimension, value] : row.segments)
      set.push_back({std::string(dimension), std::string(value)});
    has_segments_ = has_segments_ || !set.empty();
  }
  if (row.segments_number != SegmentMemo::kNone) {
    if (set_of_scanned_.size() <= row.segments_number) set_of_scanned_.resize(row.segments_number + 1, kNone);
    set_of_scanned_[row.segments_number] = number;
  }
  return number;
}

std::uint32_t RowColumns::ServingOf(const RowFields& row) {
  const std::string_view model = row.response_model.value_or(std::string_view()),
                         fingerprint = row.system_fingerprint.value_or(std::string_view());
  if (serving_index_.last_number != kNone) {
    const Serving& last = servings_[serving_index_.last_number];
    if (last.response_model == model && last.system_fingerprint == fingerprint &&
        last.finish_reason.has_value() == row.finish_reason.has_value() &&
        (!row.finish_reason || *last.finish_reason == *row.finish_reason))
      return serving_index_.last_number;
  }
  key_.clear();
  AddToKey(model, key_);
  AddToKey(fingerprint, key_);
  if (row.finish_reason) AddToKey(*row.finish_reason, key_);
  bool is_new = false;
  const std::uint32_t number = Number(serving_index_, key_, is_new);
  if (is_new) {
    Serving& serving = servings_.emplace_back();
    serving.response_model = model;
    serving.system_fingerprint = fingerprint;
    if (row.finish_reason) serving.finish_reason.emplace(*row.finish_reason);
  }
  return number;
}

void RowColumns::Append(const RowFields& row) {
  const auto n = static_cast<std::uint32_t>(n_rows());
  if (n == 0) {
    runs_.push_back(0);
  } else {
    const int compared = CompareTexts(id(n - 1), row.case_id);
    distinct_ids_ = distinct_ids_ && compared != 0;
    if (compared > 0 || (compared == 0 && repeat(n - 1) > row.repeat)) runs_.push_back(n);
  }
  Cells& cells = rows_.emplace_back();
  cells.id_at = ids_.size();
  ids_.append(row.case_id);
  cells.repeat = static_cast<std::uint16_t>(row.repeat);
  cells.outcome = row.outcome;
  max_repeat_ = std::max(max_repeat_, row.repeat);
  cells.segments = SegmentSet(row);
  cells.prompt = row.prompt_sha256 ? PromptKey(*row.prompt_sha256) : 0;
  cells.cluster = kNone;
  if (row.cluster) {
    bool is_new = false;
    cells.cluster = Number(cluster_index_, *row.cluster, is_new);
    if (is_new) cluster_names_.emplace_back(*row.cluster);
  }
  cells.serving = ServingOf(row);
  const bool cached =
      IsCacheHit(row.via != nullptr && row.via->cache ? std::string_view(*row.via->cache)
                                                      : row.cache.value_or(std::string_view()));
  cells.flags = cached ? kCached : 0;
  cells.latency = row.latency_ms.value_or(kNoNumber);
  const bool only_pass = row.scores.empty() || (row.scores.size() == 1 && row.scores[0].first == "pass");
  if (!only_pass || !score_at_.empty()) {
    score_at_.resize(std::size_t{n} + 1, scores_.size());
    for (const auto& [name, value] : row.scores) {
      if (name == "pass") continue;  // as the outcome says
      bool is_new = false;
      scores_.push_back({Number(score_index_, name, is_new), value});
      if (is_new) score_names_.emplace_back(name);
    }
    score_at_.push_back(scores_.size());
  }
  for (const auto& [name, value] : row.scores) {
    if (name == "pass") cells.flags |= kHasPass;
  }
  if (row.outcome == Outcome::kInfraError) {
    unanswered_.push_back({n, row.cost_usd, row.input_tokens, row.output_tokens});
  } else {
    sums_.Add({row.outcome, row.response_model.value_or(std::string_view()), row.cost_usd, row.latency_ms,
               row.input_tokens, row.output_tokens, !row.segments.empty(), row.cluster.has_value(),
               row.prompt_sha256.has_value()},
              row.repeat);
    answers_.Add(row.case_id, row.repeat, row.response_model.value_or(std::string_view()),
                 row.system_fingerprint.value_or(std::string_view()),
                 row.via != nullptr && row.via->deployment ? std::string_view(*row.via->deployment)
                                                           : row.deployment.value_or(std::string_view()),
                 cached);
  }
}

double RowColumns::score(std::uint32_t row, std::string_view name) const {
  if (score_at_.empty()) return std::numeric_limits<double>::quiet_NaN();
  for (std::uint64_t i = score_at_[row]; i < score_at_[row + 1]; ++i) {
    if (score_names_[scores_[i].name] == name) return scores_[i].value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<std::pair<std::string, double>> RowColumns::scores(std::uint32_t row) const {
  std::vector<std::pair<std::string, double>> scores;
  if ((rows_[row].flags & kHasPass) != 0)
    scores.emplace_back("pass", rows_[row].outcome == Outcome::kPass ? 1 : 0);
  if (score_at_.empty()) return scores;
  for (std::uint64_t i = score_at_[row]; i < score_at_[row + 1]; ++i)
    scores.emplace_back(score_names_[scores_[i].name], scores_[i].value);
  std::sort(scores.begin(), scores.end());
  return scores;
}

bool RowColumns::SameScores(std::uint32_t a, std::uint32_t b) const {
  const Cells &one = rows_[a], &other = rows_[b];
  if (((one.flags ^ other.flags) & kHasPass) != 0) return false;
  if ((one.flags & kHasPass) != 0 && (one.outcome == Outcome::kPass) != (other.outcome == Outcome::kPass))
    return false;
  if (score_at_.empty()) return true;
  const auto of = [this](std::uint32_t row) {
    const auto at = [this](std::uint64_t i) { return scores_.begin() + static_cast<std::ptrdiff_t>(i); };
    return std::pair(at(score_at_[row]), at(score_at_[row + 1]));
  };
  const auto [begin_a, end_a] = of(a);
  const auto [begin_b, end_b] = of(b);
  return std::equal(begin_a, end_a, begin_b, end_b,
                    [](const Score& x, const Score& y) { return x.name == y.name && x.value == y.value; });
}

void RowColumns::SortRows() {
  const std::size_t n = n_rows();
  order_.resize(n);
  std::iota(order_.begin(), order_.end(), 0U);
  const auto before = [this](std::uint32_t a, std::uint32_t b) {
    const int compared = CompareTexts(id(a), id(b));
    if (compared != 0) return compared < 0;
    if (repeat(a) != repeat(b)) return repeat(a) < repeat(b);
    return a < b;
  };
  if (runs_.size() <= kMostRuns) {
    std::vector<std::uint32_t> merged(n);
    std::vector<std::size_t> starts(runs_.begin(), runs_.end());
    starts.push_back(n);
    while (starts.size() > 2) {
      std::vector<std::size_t> next;
      for (std::size_t r = 0; r + 1 < starts.size(); r += 2) {
        const std::size_t low = starts[r], middle = starts[r + 1];
        const std::size_t high = r + 2 < starts.size() ? starts[r + 2] : middle;
        next.push_back(low);
        const auto at = [&](std::size_t i) { return order_.begin() + static_cast<std::ptrdiff_t>(i); };
        std::merge(at(low), at(middle), at(middle), at(high),
                   merged.begin() + static_cast<std::ptrdiff_t>(low), before);
      }
      next.push_back(n);
      order_.swap(merged);
      starts.swap(next);
    }
    return;
  }
  // The eight bytes behind what all ids begin with decide nearly every comparison without a look at the ids.
  std::size_t common = id(0).size();
  for (std::uint32_t row = 1; row < n && common > 0; ++row) {
    const std::string_view a = id(0), b = id(row);
    std::size_t same = 0;
    while (same < common && same < b.size() && a[same] == b[same]) ++same;
    common = same;
  }
  std::vector<PrefixedRow> prefixed(n);
  for (std::uint32_t row = 0; row < n; ++row) {
    const std::string_view rest = id(row).substr(common);
    std::uint64_t prefix = 0;
    for (std::size_t i = 0; i < 8; ++i)
      prefix = prefix << 8U | (i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0U);
    prefixed[row] = {prefix, row};
  }
  SortByPrefix(prefixed);
  for (std::size_t i = 0; i < n; ++i) order_[i] = prefixed[i].row;
  // What the prefix does not decide.
  for (std::size_t i = 0; i < n;) {
    std::size_t end = i + 1;
    while (end < n && prefixed[end].prefix == prefixed[i].prefix) ++end;
    if (end > i + 1) {
      std::sort(order_.begin() + static_cast<std::ptrdiff_t>(i),
                order_.begin() + static_cast<std::ptrdiff_t>(end), before);
    }
    i = end;
  }
}

// The rows of order_ as they are ordered, so that whoever goes through them goes through memory.
void RowColumns::Reorder() {
  constexpr std::size_t kAhead = 16;
  std::vector<Cells> rows;
  std::string ids;
  std::vector<std::uint64_t> score_at;
  std::vector<Score> scores;
  rows.reserve(order_.size());
  ids.reserve(ids_.size());
  scores.reserve(scores_.size());
  for (std::size_t place = 0; place < order_.size(); ++place) {
    if (place + kAhead < order_.size()) {
      __builtin_prefetch(&rows_[order_[place + kAhead]]);
      __builtin_prefetch(ids_.data() + rows_[order_[place + kAhead / 2]].id_at);
    }
    const std::uint32_t row = order_[place];
    rows.push_back(rows_[row]);
    rows.back().id_at = ids.size();
    ids.append(id(row));
    if (score_at_.empty()) continue;
    score_at.push_back(scores.size());
    for (std::uint64_t i = score_at_[row]; i < score_at_[row + 1]; ++i) scores.push_back(scores_[i]);
  }
  if (!score_at_.empty()) score_at.push_back(scores.size());
  if (!unanswered_.empty()) {
    std::vector<std::uint32_t> place_of(order_.size());
    for (std::size_t place = 0; place < order_.size(); ++place)
      place_of[order_[place]] = static_cast<std::uint32_t>(place);
    for (Unanswered& row : unanswered_) row.row = place_of[row.row];
  }
  rows_.swap(rows);
  ids_.swap(ids);
  score_at_.swap(score_at);
  scores_.swap(scores);
  order_ = {};
  in_order_ = true;
}

std::uint32_t RowColumns::Finish(bool supersede, std::size_t closed) {
  const std::size_t n = n_rows();
  const bool ascending = runs_.size() <= 1 && distinct_ids_;  // each id once
  if (runs_.size() > 1) {
    in_order_ = false;
    SortRows();
    if (runs_.size() > kMostRuns && closed >= n) Reorder();
  }
  std::uint32_t added = kNone;
  if (ascending && closed < n) added = static_cast<std::uint32_t>(closed);
  std::vector<bool> gone;
  std::uint32_t last = kNone;
  for (std::size_t place = 0; place < n && !ascending; ++place) {
    const std::uint32_t row = Ordered(place);
    const bool same_id = last != kNone && CompareTexts(id(last), id(row)) == 0;
    const bool first = !same_id || repeat(last) != repeat(row);
    distinct_ids_ = distinct_ids_ && !same_id;
    if (first && row >= closed && row < added) added = row;
    if (!first && supersede && outcome(last) == Outcome::kInfraError) {
      if (gone.empty()) gone.resize(n);
      gone[last] = true;
      ++superseded_;
    }
    last = row;
  }
  if (superseded_ > 0) {
    if (in_order_) {
      in_order_ = false;
      order_.resize(n);
      std::iota(order_.begin(), order_.end(), 0U);
    }
    std::erase_if(order_, [&gone](std::uint32_t row) { return gone[row]; });
  }
  for (const Unanswered& row : unanswered_) {
    if (!gone.empty() && gone[row.row]) continue;
    const Cells& cells = rows_[row.row];
    sums_.Add({Outcome::kInfraError,
               {},
               row.cost_usd,
               std::nullopt,
               row.input_tokens,
               row.output_tokens,
               !sets_[cells.segments].empty(),
               cells.cluster != kNone,
               cells.prompt != 0},
              cells.repeat);
  }
  unanswered_ = {};
  set_index_ = {};
  cluster_index_ = {};
  score_index_ = {};
  serving_index_ = {};
  return added;
}

}  // namespace minslice::log
