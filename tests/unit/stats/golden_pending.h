// Golden functions that are not built yet. Must shrink to nothing: who registers a function takes its line
// away.
#ifndef MINSLICE_UNIT_STATS_GOLDEN_PENDING_H_
#define MINSLICE_UNIT_STATS_GOLDEN_PENDING_H_

#include <set>
#include <string>

namespace minslice::cli {

inline const std::set<std::string> kPending = {
    // clang-format off
    "beta_binomial_eb",
    "boot_cluster_bca_mid",
    "boot_cluster_percentile",
    "boot_mean_basic",
    "boot_mean_bca_mid",
    "boot_mean_bca_strict",
    "boot_mean_moments",
    "boot_mean_percentile",
    "cluster_se",
    "cohen_kappa",
    "correlation",
    "cs_bernoulli_beta_binomial",
    "cs_betting_hedged",
    "cs_normal_mixture_bound",
    "cs_predmix_empirical_bernstein",
    "eprocess_beta_mixture",
    "eprocess_fixed_bet",
    "eprocess_predmix_hedged",
    "fleiss_kappa",
    "maxt_signflip",
    "normal_eb",
    "p_adjust",
    "paired_t",
    "ppi_mean",
    "wilcoxon_signed_rank",
    // clang-format on
};

}  // namespace minslice::cli

#endif  // MINSLICE_UNIT_STATS_GOLDEN_PENDING_H_
