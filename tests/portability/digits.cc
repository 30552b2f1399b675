// Prints results of the statistics as bits, so that two machines can be compared (arm64.sh). Lines that start
// with "~" pass through the C library's exp, log or sin, whose last bit may differ between libraries.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/bootstrap_cluster.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/max_t.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/power.h"
#include "rng/philox.h"

namespace {

using namespace minslice;
using namespace minslice::stats;

void Print(const char* name, double value) { std::printf("%s %a %.12g\n", name, value, value); }

void Print(const char* name, const Interval& interval) {
  Print(name, interval.lower);
  Print(name, interval.upper);
}

}  // namespace

int main() {
  const PairedCounts counts{.both = 550, .incumbent_only = 49, .candidate_only = 67, .neither = 174};
  Print("~mcnemar_exact", McNemarExact(counts).p);
  Print("~mcnemar_midp", McNemarMidP(counts).p);
  Print("~mcnemar_asymptotic", McNemarAsymptotic(counts).p);
  Print("tango", TangoInterval(counts, .95)->lower);
  Print("tango", TangoInterval(counts, .95)->upper);
  Print("~exact_bootstrap", BootstrapBinaryExact(counts, .95)->percentile);
  Print("seeded_bootstrap", BootstrapBinary(counts, {.replicates = 10000, .seed = 7})->percentile);
  Print("~mde", *McNemarMde(840, .138, {}));
  std::vector<SliceDiscordance> slices;
  rng::Stream stream(1, 0);
  for (int s = 0; s < 40; ++s) {
    slices.push_back(
        {static_cast<std::int64_t>(stream.Below(12)), static_cast<std::int64_t>(stream.Below(9))});
  }
  const std::vector<double> adjusted = WestfallYoungDiscrete(slices);
  for (const double p : adjusted) Print("~westfall_young", p);
  std::vector<double> d;
  for (int i = 0; i < 5000; ++i) d.push_back(stream.Uniform() - .48);
  for (const std::int64_t n : {20, 33, 840, 5000}) {
    const auto seeded =
        BootstrapMean(std::span(d).first(static_cast<std::size_t>(n)), {.replicates = 2000, .seed = 3});
    Print("graded_seeded", seeded->intervals.percentile);
    Print("graded_seeded_se", seeded->intervals.standard_error);
  }
  Print("~graded_exact", BootstrapMeanExact(d, .95)->intervals.percentile);
  ClusterSums clusters;
  for (std::size_t k = 0; k < 700; ++k) {
    const std::size_t size = 1 + k % 4;
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < size; ++i) {
      sum += d[4 * k + i];
      squares += d[4 * k + i] * d[4 * k + i];
    }
    clusters.sum.push_back(sum);
    clusters.squares.push_back(squares);
    clusters.size.push_back(static_cast<std::int64_t>(size));
  }
  Print("cluster_seeded", BootstrapClusters(clusters, {.replicates = 2000, .seed = 5})->intervals.percentile);
  std::vector<std::uint32_t> slice_of(d.size());
  for (std::uint32_t& slice : slice_of) slice = static_cast<std::uint32_t>(stream.Below(12));
  const Cut cuts[] = {{slice_of, 12}};
  const SliceTable table = *SliceTable::FromCuts(d, cuts);
  const JointAdjustment flips = *SignFlipMaxT(table, {.replicates = 3000, .seed = 2});
  for (const double p : flips.step_down_p) Print("max_t", p);
  const JointAdjustment resampled = *RomanoWolf(table, {.replicates = 1000, .seed = 2});
  for (const double p : resampled.step_down_p) Print("romano_wolf", p);
}
