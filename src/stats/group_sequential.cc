#include "minslice/stats/group_sequential.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "stats/normal.h"

namespace minslice::stats {
namespace {

// Nodes and weights of Gauss-Legendre quadrature on [-1, 1].
struct Quadrature {
  std::vector<double> node, weight;
};

Quadrature GaussLegendre(int n) {
  Quadrature rule;
  for (int i = 0; i < n; ++i) {
    double x = std::cos(std::numbers::pi * (i + 0.75) / (n + 0.5));
    double slope = 1;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double p0 = 1, p1 = x;
      for (int k = 2; k <= n; ++k) {
        const double p2 = ((2 * k - 1) * x * p1 - (k - 1) * p0) / k;
        p0 = p1;
        p1 = p2;
      }
      slope = n * (x * p1 - p0) / (x * x - 1);
      const double step = p1 / slope;
      x -= step;
      if (std::abs(step) < 1e-15) break;
    }
    rule.node.push_back(x);
    rule.weight.push_back(2 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

// Sixteen nodes a panel of 1.5 standard deviations of an increment leave no error worth the name.
constexpr double kPanel = 1.5;

// Probability of crossing at each look. Works on S_k = z_k sqrt(k), whose increments are N(drift/sqrt(K), 1).
std::vector<double> CrossingAt(std::span<const double> critical, int sides, double drift) {
  const Quadrature rule = GaussLegendre(16);
  const double looks = static_cast<double>(critical.size());
  const double step_mean = drift / std::sqrt(looks);
  std::vector<double> crossing;
  std::vector<double> point{0}, mass{1};  // S_{k-1} among those that go on
  for (std::size_t k = 1; k <= critical.size(); ++k) {
    const double root = std::sqrt(static_cast<double>(k));
    const double upper = critical[k - 1] * root;
    const double reach = drift * static_cast<double>(k) / std::sqrt(looks);
    // One-sided: far below nothing matters any more.
    const double low = std::max(sides == 2 ? -upper : -INFINITY, reach - 9 * root);
    const double high = std::min(upper, reach + 9 * root);
    double crossed = 0;
    for (std::size_t i = 0; i < point.size(); ++i) {
      crossed += mass[i] * NormalSf(upper - point[i] - step_mean);
      if (sides == 2) crossed += mass[i] * NormalCdf(-upper - point[i] - step_mean);
    }
    crossing.push_back(crossed);
    if (k == critical.size() || !(low < high)) {
      crossing.resize(critical.size(), 0.0);
      break;
    }
    const double panels = std::ceil((high - low) / kPanel);
    const double width = (high - low) / panels;
    std::vector<double> next_point, next_mass;
    for (int panel = 0; panel < static_cast<int>(panels); ++panel) {
      for (std::size_t j = 0; j < rule.node.size(); ++j) {
        const double s = low + width * (panel + (1 + rule.node[j]) / 2);
        double density = 0;
        for (std::size_t i = 0; i < point.size(); ++i) {
          const double z = s - point[i] - step_mean;
          density += mass[i] * std::exp(-z * z / 2);
        }
        next_point.push_back(s);
        next_mass.push_back(density / std::sqrt(2 * std::numbers::pi) * rule.weight[j] * width / 2);
      }
    }
    point = std::move(next_point);
    mass = std::move(next_mass);
  }
  return crossing;
}

std::vector<double> Criticals(int looks, Boundary boundary, double c) {
  std::vector<double> critical;
  for (int k = 1; k <= looks; ++k) {
    critical.push_back(boundary == Boundary::kPocock ? c : c * std::sqrt(static_cast<double>(looks) / k));
  }
  return critical;
}

double Sum(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

}  // namespace

double CrossingProbability(std::span<const double> critical, int sides, double drift) {
  if (critical.empty()) return 0;
  return std::min(1.0, Sum(CrossingAt(critical, sides, drift)));
}

Computed<GroupSequentialPlan> PlanGroupSequential(int looks, double alpha, int sides, Boundary boundary,
                                                  double power) {
  if (looks < 1 || looks > 100)
    return Undefined("looks", "between 1 and 100 looks, asked for " + std::to_string(looks));
  if (!(alpha > 0 && alpha < 0.5)) return Undefined("alpha", "alpha must lie between 0 and 0.5");
  if (sides != 1 && sides != 2) return Undefined("sides", "1 or 2 sides");
  if (!(power > alpha && power < 1)) return Undefined("power", "the power must lie between alpha and 1");
  double low = 0.1, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double c = (low + high) / 2;
    (CrossingProbability(Criticals(looks, boundary, c), sides, 0) > alpha ? low : high) = c;
  }
  GroupSequentialPlan plan;
  plan.critical = Criticals(looks, boundary, (low + high) / 2);
  double spent = 0;
  for (const double probability : CrossingAt(plan.critical, sides, 0)) {
    spent += probability;
    plan.spent.push_back(spent);
  }
  for (const double z : plan.critical) plan.nominal_p.push_back(sides * NormalSf(z));
  // The drift at which the plan has the power, against the fixed test's.
  double weak = 0, strong = 10;
  for (int i = 0; i < 50; ++i) {
    const double drift = (weak + strong) / 2;
    (CrossingProbability(plan.critical, sides, drift) < power ? weak : strong) = drift;
  }
  const std::vector<double> fixed{NormalUpperQuantile(alpha / sides)};
  double fixed_weak = 0, fixed_strong = 10;
  for (int i = 0; i < 50; ++i) {
    const double drift = (fixed_weak + fixed_strong) / 2;
    (CrossingProbability(fixed, sides, drift) < power ? fixed_weak : fixed_strong) = drift;
  }
  plan.inflation = (weak / fixed_weak) * (weak / fixed_weak);
  return plan;
}

}  // namespace minslice::stats
