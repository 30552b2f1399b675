// Price tables: the built-in one, a file over it, how a model is found.
#include "suite/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace minslice::suite {
namespace {

using ::testing::HasSubstr;

const char* const kTable =
    "version: 1\nas_of: 2026-11-01\nsource: a list\ndefault: {input: 30, output: 100}\n"
    "models:\n  gpt-x: {input: 1, output: 4}\n  local/ft: {input: 0, output: 0}\n  gpt-x-2026-01-02: {input: "
    "2, output: 8}\n";

TEST(Prices, AModelIsFoundByItsNameWithoutProviderAndDate) {
  const Result<PriceTable> table = PriceTable::Parse(kTable, "t.yaml");
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->Find("gpt-x").price, (Price{1, 4}));
  EXPECT_EQ(table->Find("openai/gpt-x").entry, "gpt-x");
  EXPECT_EQ(table->Find("gpt-x-2025-12-31").entry, "gpt-x");
  EXPECT_EQ(table->Find("openai/gpt-x-20251231").entry, "gpt-x");
  EXPECT_EQ(table->Find("gpt-x-2026-01-02").price, (Price{2, 8}));  // its own entry first
  EXPECT_EQ(table->Find("local/ft").price, (Price{0, 0}));
  EXPECT_TRUE(table->Find("local/ft").known());
  for (const char* name : {"ft", "gpt-x-mini", "gpt-x-2026-01", "", "2026-01-02", "-2026-01-02"}) {
    EXPECT_FALSE(table->Find(name).known()) << name;
    EXPECT_EQ(table->Find(name).price, (Price{30, 100}));
  }
  EXPECT_EQ(table->Find("gpt-x").as_of, "2026-11-01");
  // 2,000 tokens at 1 USD and 500 at 4 USD a million.
  EXPECT_DOUBLE_EQ(table->Find("gpt-x").price.Of(2000, 500), 0.004);
}

TEST(Prices, TheBuiltInTableKnowsModelsAndAssumesTheDearestForOthers) {
  const PriceTable table = PriceTable::BuiltIn();
  EXPECT_GT(table.size(), 100U);
  EXPECT_EQ(table.Find("openai/gpt-4o-mini-2024-07-18").price, (Price{0.15, 0.6}));  // OpenAI's list
  const FoundPrice unknown = table.Find("nobody/knows-it");
  EXPECT_FALSE(unknown.known());
  EXPECT_GE(unknown.price.input, table.Find("gpt-4o").price.input);
  EXPECT_GE(unknown.price.output, table.Find("gpt-4o").price.output);
}

TEST(Prices, EveryErrorOfAFileIsNamedWithItsPlace) {
  const Result<PriceTable> table =
      PriceTable::Parse("version: 1\nas_of: soon\nmodels:\n  a: {inptu: 1, output: -2}\n", "t.yaml");
  ASSERT_FALSE(table.has_value());
  std::string all;
  for (const Diagnostic& diagnostic : table.error().diagnostics) all += diagnostic.ToString() + "\n";
  EXPECT_THAT(all, HasSubstr("t.yaml:2:"));
  EXPECT_THAT(all, HasSubstr("YYYY-MM-DD"));
  EXPECT_THAT(all, HasSubstr("did you mean \"input\""));
  EXPECT_FALSE(PriceTable::Parse("version: 2\nas_of: 2026-11-01\n", "t.yaml").has_value());
  EXPECT_FALSE(PriceTable::WithFile("/nonexistent/prices.yaml").has_value());
}

}  // namespace
}  // namespace minslice::suite
