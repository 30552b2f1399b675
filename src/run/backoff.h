// How long a request waits before it is sent again: exponential with full jitter (the mean is half the
// bound), or what the server asked for.
#ifndef MINSLICE_RUN_BACKOFF_H_
#define MINSLICE_RUN_BACKOFF_H_

#include <cstdint>
#include <optional>

namespace minslice::run {

struct BackoffOptions {
  double base_s = 0.5;  // bound of the first wait; doubles with each further one
  double cap_s = 30;
  // While the gateway has never given any answer, so that a wrong address is reported soon.
  double unheard_base_s = 0.1;
  double unheard_cap_s = 1;
  // A gateway that has answered and then takes no connection is probably starting anew: so long after its
  // last answer rows wait for it, whatever their attempts.
  double outage_patience_s = 30;
  double outage_cap_s = 3;        // bound of one wait meanwhile
  double retry_after_cap_s = 60;  // a server that asks for more gets this
  // A gateway that pushes back will take the request later and bills nothing for refusing it: so long after
  // its first request a row is asked again, whatever its attempts.
  double push_back_patience_s = 120;
};

// `failures` >= 1: requests of this row that have failed. `uniform` in [0, 1). A Retry-After is a lower
// bound, to which up to a tenth (at least a quarter of a second) is added, so that those who were sent away
// together do not return together.
double WaitSeconds(const BackoffOptions& options, int failures, bool heard,
                   std::optional<double> retry_after_s, double uniform);

// A draw in [0, 1) from its address.
double Jitter(std::uint64_t seed, std::uint64_t item, int failures);

}  // namespace minslice::run

#endif  // MINSLICE_RUN_BACKOFF_H_
