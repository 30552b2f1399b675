// Graded scores, clusters, families and sign flips. Names are <kernel>/<size>; tests/bench/report.py puts the
// Python peers of the same names beside them. OMP_NUM_THREADS=1 for the figures of one core.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <cmath>
#include <vector>

#include "minslice/stats/bootstrap_cluster.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/clusters.h"
#include "minslice/stats/max_t.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/sign_flip.h"
#include "rng/philox.h"
#include "stats/resampler.h"

namespace minslice::stats {
namespace {

// Differences of real-valued scores: exponential minus 1, skewed as judges' scores are; or rounded to
// hundredths.
std::vector<double> Scores(std::int64_t n, bool hundredths) {
  rng::Stream stream(1, 0);
  std::vector<double> d(static_cast<std::size_t>(n));
  for (double& value : d) {
    value = .3 * (-std::log(stream.Uniform()) - 1);
    if (hundredths) value = std::round(100 * value) / 100;
  }
  return d;
}

void GradedExact(benchmark::State& state) {
  const std::vector<double> d = Scores(state.range(0), false);
  for (auto _ : state) benchmark::DoNotOptimize(BootstrapMeanExact(d, .95));
  state.SetLabel(BootstrapMeanExact(d, .95)->method);
}
BENCHMARK(GradedExact)->Arg(840)->Arg(10000)->Arg(1000000)->Unit(benchmark::kMillisecond);

void GradedExactHundredths(benchmark::State& state) {
  const std::vector<double> d = Scores(state.range(0), true);
  for (auto _ : state) benchmark::DoNotOptimize(BootstrapMeanExact(d, .95));
  state.SetLabel(BootstrapMeanExact(d, .95)->method);
}
BENCHMARK(GradedExactHundredths)->Arg(840)->Arg(10000)->Arg(1000000)->Unit(benchmark::kMillisecond);

// B = 10,000, the whole call: resampling, sorting, percentile, basic and BCa.
void GradedSeeded(benchmark::State& state) {
  const std::vector<double> d = Scores(state.range(0), false);
  for (auto _ : state) benchmark::DoNotOptimize(BootstrapMean(d, {.replicates = 10000, .seed = 1}));
  state.SetItemsProcessed(state.iterations() * state.range(0) * 10000);
}
BENCHMARK(GradedSeeded)->Arg(840)->Arg(10000)->Unit(benchmark::kMillisecond);
BENCHMARK(GradedSeeded)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

// Exact multinomial resamples by themselves, one thread, each kernel that this machine has.
void Resamples(benchmark::State& state, resampling::Machine machine) {
  if (machine < resampling::BestMachine()) {
    state.SkipWithError("not on this machine");
    return;
  }
  const std::vector<double> x = Scores(state.range(0), false);
  Resampler resampler(x);
  resampler.UseMachine(machine);
  std::uint64_t replicate = 0;
  for (auto _ : state) benchmark::DoNotOptimize(resampler.Draw(1, replicate++, 0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(Resamples, avx512, resampling::Machine::kAvx512)->Arg(840)->Arg(10000)->Arg(1000000);
BENCHMARK_CAPTURE(Resamples, avx2, resampling::Machine::kAvx2)->Arg(840)->Arg(10000)->Arg(1000000);
BENCHMARK_CAPTURE(Resamples, portable, resampling::Machine::kPortable)->Arg(840)->Arg(10000);

// 1,000 clusters of 3 binary differences (lattice sums, one size), or of 2 to 4 real ones.
ClusterSums Clusters(bool equal) {
  rng::Stream stream(2, 0);
  ClusterSums clusters;
  for (int k = 0; k < 1000; ++k) {
    const std::int64_t size = equal ? 3 : 2 + static_cast<std::int64_t>(stream.Below(3));
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < size; ++i) {
      const double u = stream.Uniform();
      const double value = equal ? (u < .1 ? -1 : u < .22 ? 1 : 0) : u - .48;
      sum += value;
      squares += value * value;
    }
    clusters.sum.push_back(sum);
    clusters.squares.push_back(squares);
    clusters.size.push_back(size);
  }
  return clusters;
}

void ClusterSeeded(benchmark::State& state) {
  const ClusterSums clusters = Clusters(true);
  for (auto _ : state)
    benchmark::DoNotOptimize(BootstrapClusters(clusters, {.replicates = 10000, .seed = 1}));
}
BENCHMARK(ClusterSeeded)->Arg(1000)->Unit(benchmark::kMillisecond);

void ClusterSeededSizes(benchmark::State& state) {
  const ClusterSums clusters = Clusters(false);
  for (auto _ : state)
    benchmark::DoNotOptimize(BootstrapClusters(clusters, {.replicates = 10000, .seed = 1}));
}
BENCHMARK(ClusterSeededSizes)->Arg(1000)->Unit(benchmark::kMillisecond);

void ClusterExact(benchmark::State& state) {
  const ClusterSums clusters = Clusters(true);
  for (auto _ : state) benchmark::DoNotOptimize(BootstrapClustersExact(clusters, .95));
}
BENCHMARK(ClusterExact)->Arg(1000)->Unit(benchmark::kMillisecond);

void ClusterExactSizes(benchmark::State& state) {
  const ClusterSums clusters = Clusters(false);
  for (auto _ : state) benchmark::DoNotOptimize(BootstrapClustersExact(clusters, .95));
}
BENCHMARK(ClusterExactSizes)->Arg(1000)->Unit(benchmark::kMillisecond);

// 600 cases a slice: hardly two slices share their b + c.
void WestfallYoungLarge(benchmark::State& state) {
  rng::Stream stream(3, 0);
  std::vector<SliceDiscordance> slices(static_cast<std::size_t>(state.range(0)));
  for (SliceDiscordance& slice : slices) {
    slice = {static_cast<std::int64_t>(40 + stream.Below(160)),
             static_cast<std::int64_t>(40 + stream.Below(160))};
  }
  for (auto _ : state) benchmark::DoNotOptimize(WestfallYoungDiscrete(slices));
}
BENCHMARK(WestfallYoungLarge)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond);

// 10,000 sign flips of 100,000 pairs with real differences; 1 or 3 cuts of 40 slices each.
void MaxT(benchmark::State& state) {
  const std::vector<double> d = Scores(100000, false);
  rng::Stream stream(4, 0);
  std::vector<std::vector<std::uint32_t>> slice_of(static_cast<std::size_t>(state.range(0)),
                                                   std::vector<std::uint32_t>(d.size()));
  std::vector<Cut> cuts;
  for (auto& of : slice_of) {
    for (std::uint32_t& slice : of) slice = static_cast<std::uint32_t>(stream.Below(40));
    cuts.push_back({of, 40});
  }
  const SliceTable table = *SliceTable::FromCuts(d, cuts);
  for (auto _ : state) benchmark::DoNotOptimize(SignFlipMaxT(table, {.replicates = 10000, .seed = 1}));
}
BENCHMARK(MaxT)->Arg(1)->Arg(3)->Unit(benchmark::kMillisecond);

// The same table by Romano and Wolf's resampling of groups, B = 1,000.
void RomanoWolfSlices(benchmark::State& state) {
  const std::vector<double> d = Scores(100000, false);
  rng::Stream stream(4, 0);
  std::vector<std::uint32_t> of(d.size());
  for (std::uint32_t& slice : of) slice = static_cast<std::uint32_t>(stream.Below(40));
  const Cut cuts[] = {{of, 40}};
  const SliceTable table = *SliceTable::FromCuts(d, cuts);
  for (auto _ : state) benchmark::DoNotOptimize(RomanoWolf(table, {.replicates = 1000, .seed = 1}));
}
BENCHMARK(RomanoWolfSlices)->Unit(benchmark::kMillisecond);

void SignFlips(benchmark::State& state) {
  rng::Stream stream(5, 0);
  std::vector<double> d(static_cast<std::size_t>(state.range(0)));
  for (double& value : d) value = stream.Uniform() < .7 ? 0 : (static_cast<double>(stream.Below(7)) - 3) / 3;
  for (auto _ : state) benchmark::DoNotOptimize(SignFlipTest(d));
}
BENCHMARK(SignFlips)->Arg(840)->Arg(10000)->Unit(benchmark::kMillisecond);

// Wall time of one call on 1 and on 2 threads.
void BothCores(benchmark::State& state) {
  const std::vector<double> d = Scores(10000, false);
  omp_set_num_threads(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(BootstrapMean(d, {.replicates = 20000, .seed = 1}));
}
BENCHMARK(BothCores)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace minslice::stats
