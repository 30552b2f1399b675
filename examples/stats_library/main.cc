// Four counts of paired results in, what they show out:
//   paired 550 49 67 174     both pass, only the incumbent, only the candidate, neither
#include <minslice/stats/bootstrap_binary.h>
#include <minslice/stats/mcnemar.h>
#include <minslice/stats/paired_interval.h>
#include <minslice/stats/power.h>

#include <cstdio>
#include <cstdlib>

namespace stats = minslice::stats;

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: paired BOTH INCUMBENT_ONLY CANDIDATE_ONLY NEITHER\n");
    return 2;
  }
  const stats::PairedCounts counts{.both = std::atoll(argv[1]),
                                   .incumbent_only = std::atoll(argv[2]),
                                   .candidate_only = std::atoll(argv[3]),
                                   .neither = std::atoll(argv[4])};
  // What may not exist says why: no pairs, a level outside (0, 1).
  const auto tango = stats::TangoInterval(counts, 0.95);
  if (!tango) {
    std::fprintf(stderr, "no interval: %s\n", tango.error().text.c_str());
    return 1;
  }
  std::printf("delta %.17g\ntango %.17g %.17g\n", tango->value, tango->lower, tango->upper);
  std::printf("midp %.17g\n", stats::McNemarMidP(counts).p);
  if (const auto drawn = stats::BootstrapBinary(counts, {.level = 0.95, .replicates = 10000, .seed = 0}))
    std::printf("bca %.17g %.17g\n", drawn->bca.lower, drawn->bca.upper);
  if (const auto mde = stats::McNemarMde(static_cast<double>(counts.n()), counts.psi(), {}))
    std::printf("mde %.17g\n", *mde);
  return 0;
}
