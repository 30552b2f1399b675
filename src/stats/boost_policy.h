// How we call Boost.Math: no exceptions and no errno, errors come back as NaN or infinity, and doubles stay
// doubles, so that results do not depend on whether the machine has an 80-bit long double.
#ifndef MINSLICE_STATS_BOOST_POLICY_H_
#define MINSLICE_STATS_BOOST_POLICY_H_

#include <boost/math/policies/policy.hpp>

namespace minslice::stats {

using BoostPolicy = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
    boost::math::policies::rounding_error<boost::math::policies::ignore_error>,
    boost::math::policies::promote_double<false>, boost::math::policies::promote_float<false>>;

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BOOST_POLICY_H_
