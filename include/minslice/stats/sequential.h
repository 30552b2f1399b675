// Looking at the results while they come in. Fixed-n tests looked at 5/10/20 times err 14/19/25 % of the time
// instead of 5; the methods here may be looked at after every pair. Each states its stopping rule. x, d: in
// the order in which they came.
//
// Stopping rule of an e-process E_t: stop and reject H0 at the first t with E_t >= 1/alpha, or stop for any
// other reason at any time without rejecting. Under H0, P(E_t >= 1/alpha for any t) <= alpha (Ville 1939).
// Stopping rule of a confidence sequence [L_t, U_t]: it holds at all t at once with probability >= 1 - alpha,
// so it may be read at any time chosen by any rule, the running intersection included.
//
// Sources: Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon 2021 (mixtures); Waudby-Smith, Ramdas 2024
// (betting). The figures follow confseq 0.0.11.
#ifndef MINSLICE_STATS_SEQUENTIAL_H_
#define MINSLICE_STATS_SEQUENTIAL_H_

#include <cstdint>
#include <span>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::stats {

// log E for H0: success probability = p0, after `successes` of `trials`: Beta(a, b) mixture of likelihood
// ratios. On discordant pairs with p0 = 1/2 it is the sequential McNemar test, E = 2^(b+c) B(1+b, 1+c). p0 in
// (0, 1), a, b > 0.
double LogBetaMixtureE(std::int64_t successes, std::int64_t trials, double p0, double a, double b);

// Confidence sequence for a success probability: the p that the two-sided beta-binomial mixture, tuned to be
// tightest near t_opt trials, does not reject at alpha. [0, 1] at trials = 0.
Interval BernoulliSequence(std::int64_t successes, std::int64_t trials, double alpha, double t_opt,
                           double alpha_opt = 0.05);

// Boundary |S_t| <= bound for a sum with variance process v (sub-Gaussian), normal mixture tuned to v_opt. v
// >= 0, v_opt > 0.
double NormalMixtureBound(double v, double alpha, double v_opt, double alpha_opt, bool one_sided);

// Capital of a gambler who bets the fixed fraction lambda on x - m, after each x in [0, 1]; H0: mean = m.
struct FixedBet {
  std::vector<double> log_capital_up;    // bets that the mean is above m
  std::vector<double> log_capital_down;  // that it is below
};
// Reasons: "range" (x outside [0, 1]), "bet" (lambda < 0 or > 1/max(m, 1 - m)), "not_finite".
Computed<FixedBet> FixedBetCapital(std::span<const double> x, double m, double lambda);

struct HedgedOptions {
  double alpha = 0.05;
  double theta = 0.5;        // share of the capital on "above"
  double trunc_scale = 0.5;  // bets at most trunc_scale / m, resp. / (1 - m)
};

// Bets lambda_t = sqrt(2 log(1/(alpha share)) / (t log(1+t) var_{t-1})) from the data before t: predictable,
// so fair under H0. share: theta for the bet that the mean is above, 1 - theta below.
struct HedgedCapital {
  std::vector<double> bet;     // lambda_t of the bet above, before truncation
  std::vector<double> max;     // max(theta up, (1-theta) down)
  std::vector<double> convex;  // theta up + (1-theta) down
};
Computed<HedgedCapital> HedgedBetCapital(std::span<const double> x, double m, const HedgedOptions& options);

// Confidence sequence for the mean of x in [0, 1] after each x: the m that the hedged capital does not
// reject, by root finding (each capital is monotone in m). Differences d in [-1, 1] enter as (d + 1)/2.
// `running`: intersect with all earlier ones.
struct Sequence {
  std::vector<double> lower, upper;
};
Computed<Sequence> BettingSequence(std::span<const double> x, const HedgedOptions& options, bool running);
// The same at the given sample sizes only (1-based, ascending or not); O(n) each instead of O(n^2) for all.
Computed<Sequence> BettingSequenceAt(std::span<const double> x, std::span<const std::int64_t> times,
                                     const HedgedOptions& options);

// Predictable-mixture empirical Bernstein sequence, two-sided; looser than betting, closed form, O(n).
Computed<Sequence> EmpiricalBernsteinSequence(std::span<const double> x, double alpha, double truncation,
                                              bool running);

// Sequential non-inferiority, H0: E d <= -margin for d in [-1, 1]: wealth prod(1 + lambda_i (d_i + margin)),
// lambda_i from the data before i (approximate growth-optimal, Waudby-Smith, Ramdas 2024), in [0, 0.5/(1 -
// margin)]. Stop and call the candidate non-inferior at the first wealth >= 1/alpha. margin in [0, 1).
struct NonInferiorityBet {
  std::vector<double> log_wealth;  // after each d
  std::int64_t rejected_at = 0;    // 1-based; 0: not yet
};
Computed<NonInferiorityBet> SequentialNonInferiority(std::span<const double> d, double margin, double alpha);

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_SEQUENTIAL_H_
