#include "stats/bca.h"

#include "stats/normal.h"

namespace minslice::stats {
namespace {

double Adjusted(double z0, double acceleration, double z) {
  const double shifted = z0 + z;
  const double denominator = 1 - acceleration * shifted;
  if (!(denominator > 0)) return shifted > 0 ? 1 : 0;
  return NormalCdf(z0 + shifted / denominator);
}

}  // namespace

Interval BcaAlphas(double z0, double acceleration, double level) {
  const double z = TwoSidedZ(level);
  return {Adjusted(z0, acceleration, -z), Adjusted(z0, acceleration, z)};
}

}  // namespace minslice::stats
