#include "mock/mock_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace minslice::mock {
namespace {

using ::testing::HasSubstr;

Result<MockConfig> Load(const std::string& text) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("minslice_mock_config_" + std::to_string(getpid()) + ".yaml");
  std::ofstream(path) << text;
  Result<MockConfig> config = LoadMockConfig(path.string());
  std::filesystem::remove(path);
  return config;
}

TEST(MockConfig, ReadsEveryKey) {
  const Result<MockConfig> config = Load(R"(version: 1
suite: suite.yaml
port: 8090
api_key: k
latency: {lognormal_median_ms: 200, sigma: 0.5}
faults: {http_429: 0.05, reset: 0.01, retry_after_s: 1.5, retry_after_date: true, stall_s: 3, seed: 4, at_most: 2}
models:
  - name: incumbent
    answers_as: incumbent-2026-01-01
    pass_rate: 0.9
    pass_rates: {flow: {refund: 0.5, invoice: 0.7}}
    flaky: 0.1
    seed: 7
    cost_usd: 0.001
    latency: {ms: 20}
    faults: {stall: 1}
  - {name: candidate, outputs: candidate.jsonl}
)");
  ASSERT_TRUE(config.has_value()) << config.error().diagnostics[0].ToString();
  EXPECT_THAT(config->suite_path, HasSubstr("/suite.yaml"));
  EXPECT_EQ(config->port, 8090);
  EXPECT_EQ(config->api_key, "k");
  EXPECT_EQ(config->latency.ms, 200);
  EXPECT_EQ(config->latency.sigma, 0.5);
  EXPECT_EQ(config->faults.rates,
            (std::vector<std::pair<Fault, double>>{{Fault::kHttp429, 0.05}, {Fault::kReset, 0.01}}));
  EXPECT_EQ(config->faults.retry_after_s, 1.5);
  EXPECT_TRUE(config->faults.retry_after_date);
  EXPECT_EQ(config->faults.stall_s, 3);
  EXPECT_EQ(config->faults.seed, 4U);
  EXPECT_EQ(config->faults.at_most, 2);
  ASSERT_EQ(config->models.size(), 2U);
  const ModelConfig& model = config->models[0];
  EXPECT_EQ(model.answers_as, "incumbent-2026-01-01");
  EXPECT_EQ(model.pass_rate, 0.9);
  ASSERT_EQ(model.pass_rates.size(), 2U);
  EXPECT_EQ(model.pass_rates[0].value, "refund");
  EXPECT_EQ(model.pass_rates[0].rate, 0.5);
  EXPECT_EQ(model.flaky, 0.1);
  EXPECT_EQ(model.seed, 7U);
  EXPECT_EQ(model.cost_usd, 0.001);
  EXPECT_EQ(model.latency->ms, 20);
  EXPECT_EQ(model.faults->rates.size(), 1U);
  EXPECT_THAT(config->models[1].outputs_path, HasSubstr("/candidate.jsonl"));
}

// The example of the manual is a configuration.
TEST(MockConfig, TheManualsExampleIsRead) {
  std::ifstream file(std::string(MINSLICE_TEST_DATA) + "/../../docs/formats/mock.md");
  std::stringstream manual;
  manual << file.rdbuf();
  const std::string text = manual.str();
  const std::size_t start = text.find("```yaml\n");
  ASSERT_NE(start, std::string::npos);
  const Result<MockConfig> config = Load(text.substr(start + 8, text.find("```", start + 8) - start - 8));
  ASSERT_TRUE(config.has_value()) << config.error().diagnostics[0].ToString();
  EXPECT_EQ(config->models.size(), 2U);
  for (const std::string& fault : FaultNames()) EXPECT_THAT(text, HasSubstr("`" + fault + "`"));
}

TEST(MockConfig, NamesEveryErrorAtOnce) {
  const Result<MockConfig> config = Load(R"(suite: suite.yaml
latncy: {ms: 20}
faults: {http_429: 0.7, http_500: 0.7}
models:
  - {name: a, pass_rate: 1.5}
  - {name: a, outputs: x.jsonl, pass_rate: 0.5}
  - {pass_rate: 0.5}
)");
  ASSERT_FALSE(config.has_value());
  std::string all;
  for (const Diagnostic& diagnostic : config.error().diagnostics) all += diagnostic.ToString() + "\n";
  EXPECT_THAT(all, HasSubstr("latency"));  // did you mean
  EXPECT_THAT(all, HasSubstr("add up to more than 1"));
  EXPECT_THAT(all, HasSubstr("pass_rate"));
  EXPECT_THAT(all, HasSubstr("second model with the name"));
  EXPECT_THAT(all, HasSubstr("beside outputs"));
  EXPECT_THAT(all, HasSubstr("name"));
  EXPECT_GE(config.error().diagnostics.size(), 6U) << all;
}

TEST(MockConfig, NamesOfFaultsGoBothWays) {
  EXPECT_EQ(FaultNames().size(), 21U);
  for (const std::string& name : FaultNames()) EXPECT_EQ(FaultName(*FaultFromName(name)), name);
  EXPECT_FALSE(FaultFromName("http_418").has_value());
}

}  // namespace
}  // namespace minslice::mock
