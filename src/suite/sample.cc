#include "suite/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string_view>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "rng/philox.h"
#include "suite/case_files.h"

namespace minslice::suite {
namespace {

constexpr char kNone[] = "(none)";

std::uint32_t HexWord(std::string_view hex) {
  std::uint32_t word = 0;
  for (const char c : hex) word = word << 4U | static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  return word;
}

// A uniform 64-bit place of the case in the draw of this seed.
std::uint64_t Place(const std::string& id, std::uint64_t seed) {
  const std::string hex = io::Sha256Hex(id);
  rng::PhiloxBlock counter{};
  for (std::size_t i = 0; i < counter.size(); ++i)
    counter[i] = HexWord(std::string_view(hex).substr(8 * i, 8));
  const rng::PhiloxBlock block =
      rng::Philox4x32(counter, {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)});
  return std::uint64_t{block[0]} << 32U | block[1];
}

}  // namespace

std::vector<std::int64_t> Allocate(std::span<const double> share, std::span<const std::int64_t> low,
                                   std::span<const std::int64_t> high, std::int64_t total) {
  const auto at = [&](double lambda, std::size_t h) {
    return std::clamp(lambda * share[h], static_cast<double>(low[h]), static_cast<double>(high[h]));
  };
  const auto sum = [&](double lambda) {
    double all = 0;
    for (std::size_t h = 0; h < share.size(); ++h) all += at(lambda, h);
    return all;
  };
  double below = 0;
  double above = 1;
  while (sum(above) < static_cast<double>(total) && above < 1e300) above *= 2;
  for (int i = 0; i < 200 && above - below > 1e-15 * above; ++i) {
    const double middle = (below + above) / 2;
    (sum(middle) < static_cast<double>(total) ? below : above) = middle;
  }
  std::vector<std::int64_t> count(share.size());
  std::vector<double> rest(share.size());
  std::int64_t left = total;
  for (std::size_t h = 0; h < share.size(); ++h) {
    const double exact = at(above, h);
    count[h] = std::clamp(static_cast<std::int64_t>(std::floor(exact + 1e-9)), low[h], high[h]);
    rest[h] = exact - static_cast<double>(count[h]);
    left -= count[h];
  }
  std::vector<std::size_t> order(share.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rest[a] > rest[b]; });
  while (left != 0) {
    const std::int64_t before = left;
    for (std::size_t i = 0; i < order.size() && left != 0; ++i) {
      const std::size_t h = left > 0 ? order[i] : order[order.size() - 1 - i];
      if (left > 0 && count[h] < high[h]) {
        ++count[h];
        --left;
      } else if (left < 0 && count[h] > low[h]) {
        --count[h];
        ++left;
      }
    }
    if (left == before) break;  // the bounds leave no room: the caller's contract
  }
  return count;
}

Result<Sample> DrawSample(std::span<const Case> pool, const SampleOptions& options) {
  std::vector<Diagnostic> errors;
  std::set<std::string> known;
  for (const Case& c : pool) {
    for (const Segment& segment : c.segments) known.insert(segment.dimension);
  }
  const std::vector<std::string> names(known.begin(), known.end());
  for (const std::string& dimension : options.by) {
    if (!known.contains(dimension)) {
      errors.push_back({{},
                        fmt::format("no case of the pool carries the dimension {}{}", io::Quoted(dimension),
                                    io::DidYouMean(dimension, names))});
    }
  }
  if (!errors.empty()) return FailAll(std::move(errors));

  struct Member {
    std::uint64_t place;
    std::size_t index;
  };
  std::map<std::vector<std::string>, std::vector<Member>> members;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    std::vector<std::string> values;
    for (const std::string& dimension : options.by) {
      const auto found = std::find_if(pool[i].segments.begin(), pool[i].segments.end(),
                                      [&](const Segment& segment) { return segment.dimension == dimension; });
      values.push_back(found == pool[i].segments.end() ? kNone : found->value);
    }
    members[std::move(values)].push_back({Place(pool[i].id, options.seed), i});
  }

  Sample sample;
  std::vector<double> share;
  std::vector<std::int64_t> low;
  std::vector<std::int64_t> high;
  for (const auto& [values, list] : members) {
    Stratum stratum;
    stratum.values = values;
    stratum.pool = static_cast<std::int64_t>(list.size());
    for (const Member& member : list) stratum.weight += pool[member.index].weight;
    if (options.allocation == Allocation::kOptimal) {
      const auto known_deviation = options.deviation.find(values);
      stratum.deviation =
          known_deviation == options.deviation.end() ? options.other_deviation : known_deviation->second;
    }
    share.push_back(options.allocation == Allocation::kSquareRoot ? std::sqrt(stratum.weight)
                                                                  : stratum.weight * stratum.deviation);
    low.push_back(std::min(stratum.pool, options.floor));
    high.push_back(stratum.pool);
    sample.strata.push_back(std::move(stratum));
  }
  const std::int64_t least = std::accumulate(low.begin(), low.end(), std::int64_t{0});
  if (options.total > static_cast<std::int64_t>(pool.size())) {
    return Fail(fmt::format("the pool has {} cases, {} are asked for", pool.size(), options.total));
  }
  if (options.total < least) {
    return Fail(
        fmt::format("a floor of {} in {} slices takes {} cases, more than the {} asked for: raise the total "
                    "or lower the floor",
                    options.floor, sample.strata.size(), least, options.total));
  }
  const std::vector<std::int64_t> count = Allocate(share, low, high, options.total);
  std::size_t h = 0;
  for (auto& [values, list] : members) {
    std::sort(list.begin(), list.end(), [&](const Member& a, const Member& b) {
      return a.place != b.place ? a.place < b.place : pool[a.index].id < pool[b.index].id;
    });
    sample.strata[h].drawn = count[h];
    for (std::int64_t i = 0; i < count[h]; ++i)
      sample.cases.push_back(list[static_cast<std::size_t>(i)].index);
    ++h;
  }
  std::sort(sample.cases.begin(), sample.cases.end());
  return sample;
}

Result<std::vector<Case>> LoadCases(const std::vector<std::string>& paths) {
  io::Diagnostics diagnostics;
  std::vector<Case> cases;
  CaseFiles files(CaseRules{.segments = {}, .expected_required = false});
  for (const std::string& path : paths) {
    const Result<void> read = files.Add(path, diagnostics, [&](Case&& c) {
      cases.push_back(std::move(c));
      return false;
    });
    if (!read) diagnostics.AddAll(read.error());
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return cases;
}

}  // namespace minslice::suite
