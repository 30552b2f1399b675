// Debian's simdjson chooses its on-demand kernel when it is compiled and falls back silently; the DOM, which
// we use, chooses at run time. This says what it chose.
#include <gtest/gtest.h>
#include <simdjson.h>

namespace minslice::run {
namespace {

TEST(Simdjson, TheDomRunsOnTheMachinesOwnKernel) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("pclmul"))
    GTEST_SKIP() << "this processor has no AVX2";
  // The choice is made at the first use.
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const simdjson::padded_string text = simdjson::padded_string(std::string(R"({"a":1})"));
  ASSERT_EQ(parser.parse(text).get(element), simdjson::SUCCESS);
  const std::string name = simdjson::get_active_implementation()->name();
  EXPECT_TRUE(name == "haswell" || name == "icelake") << name;
#else
  GTEST_SKIP() << "looked at on x86-64 only";
#endif
}

}  // namespace
}  // namespace minslice::run
