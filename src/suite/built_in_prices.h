// The bytes of configs/prices.yaml; the build writes the definition.
#ifndef MINSLICE_SUITE_BUILT_IN_PRICES_H_
#define MINSLICE_SUITE_BUILT_IN_PRICES_H_

namespace minslice::suite {

extern const char* const kBuiltInPrices;

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_BUILT_IN_PRICES_H_
