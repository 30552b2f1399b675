// Binary pairs. Names are <kernel>/<size>; tests/bench/report.py puts the Python peers of the same names
// beside them.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/power.h"
#include "rng/binomial.h"
#include "rng/philox.h"

namespace minslice::stats {
namespace {

// The incident's table, scaled: 840, 10,000 or 1,000,000 pairs at psi = .138.
PairedCounts Table(std::int64_t n) {
  if (n == 840) return {.both = 550, .incumbent_only = 49, .candidate_only = 67, .neither = 174};
  const double scale = static_cast<double>(n) / 840;
  PairedCounts counts{.both = 0,
                      .incumbent_only = static_cast<std::int64_t>(49 * scale),
                      .candidate_only = static_cast<std::int64_t>(67 * scale),
                      .neither = static_cast<std::int64_t>(174 * scale)};
  counts.both = n - counts.incumbent_only - counts.candidate_only - counts.neither;
  return counts;
}

void ExactBootstrap(benchmark::State& state) {
  PairedCounts counts = Table(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(counts);
    benchmark::DoNotOptimize(BootstrapBinaryExact(counts, 0.95));
  }
}
BENCHMARK(ExactBootstrap)->Arg(840)->Arg(10'000)->Arg(1'000'000);

void SeededBootstrap(benchmark::State& state) {
  const PairedCounts counts = Table(state.range(0));
  std::uint64_t seed = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        BootstrapBinary(counts, {.level = 0.95, .replicates = 10'000, .seed = seed++, .studentised = false}));
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(SeededBootstrap)->Arg(840)->Arg(10'000)->Arg(1'000'000);

// A million replicates, for the threads (OMP_NUM_THREADS).
void SeededBootstrapMillion(benchmark::State& state) {
  const PairedCounts counts = Table(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        BootstrapBinary(counts, {.level = 0.95, .replicates = 1'000'000, .seed = 0, .studentised = false}));
  }
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}
BENCHMARK(SeededBootstrapMillion)->Arg(840)->UseRealTime();

// What a report of many slices needs: Tango interval, mid-p, one-sided p and exact bootstrap limits of each.
void Slices(benchmark::State& state) {
  std::vector<PairedCounts> slices;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    rng::Stream stream(1, static_cast<std::uint64_t>(i));
    const std::int64_t b = rng::BinomialSampler(30, .07).Draw(stream);
    const std::int64_t c = rng::BinomialSampler(30 - b, .07).Draw(stream);
    slices.push_back({.both = 20 - (b + c) / 2,
                      .incumbent_only = b,
                      .candidate_only = c,
                      .neither = 10 - (b + c) + (b + c) / 2});
  }
  for (auto _ : state) {
    for (const PairedCounts& counts : slices) {
      benchmark::DoNotOptimize(TangoInterval(counts, 0.95));
      benchmark::DoNotOptimize(McNemarMidP(counts));
      benchmark::DoNotOptimize(McNemarHarmExact(counts));
      benchmark::DoNotOptimize(BootstrapBinaryExact(counts, 0.95));
    }
  }
}
BENCHMARK(Slices)->Arg(1000);

void WestfallYoung(benchmark::State& state) {
  std::vector<SliceDiscordance> slices;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    rng::Stream stream(2, static_cast<std::uint64_t>(i));
    const std::int64_t n = 20 + static_cast<std::int64_t>(stream.Below(300));
    const std::int64_t b = rng::BinomialSampler(n, .05).Draw(stream);
    slices.push_back({.broke = b, .fixed = rng::BinomialSampler(n - b, .05).Draw(stream)});
  }
  for (auto _ : state) benchmark::DoNotOptimize(WestfallYoungDiscrete(slices));
}
BENCHMARK(WestfallYoung)->Arg(40)->Arg(1000);

void Tango(benchmark::State& state) {
  PairedCounts counts = Table(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(counts);
    benchmark::DoNotOptimize(TangoInterval(counts, 0.95));
  }
}
BENCHMARK(Tango)->Arg(840)->Arg(1'000'000);

void McNemarExactP(benchmark::State& state) {
  PairedCounts counts = Table(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(counts);
    benchmark::DoNotOptimize(McNemarExact(counts));
  }
}
BENCHMARK(McNemarExactP)->Arg(840)->Arg(1'000'000);

void ExactMde(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(McNemarExactMde(state.range(0), .138, McNemarTest::kMidP, {}));
}
BENCHMARK(ExactMde)->Arg(840)->Arg(100'000);

void PhiloxWords(benchmark::State& state) {
  rng::Stream stream(0, 0);
  for (auto _ : state) benchmark::DoNotOptimize(stream.Next32());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(PhiloxWords);

}  // namespace
}  // namespace minslice::stats
