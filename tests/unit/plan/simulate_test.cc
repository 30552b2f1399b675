// The verdict table by simulation. Reference: tests/data/reference/operating_characteristics.json, made by
// operating_characteristics.py beside this file (numpy and scipy, its own code for every rule).
#include "plan/simulate.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace minslice::plan {
namespace {

SimulatedTable Table(const PublishedSetting& setting, std::int64_t runs, std::uint64_t seed = 0) {
  SimulateOptions options;
  options.runs = runs;
  options.psi = setting.psi;
  options.seed = seed;
  return *Simulate(PublishedPolicy(), PublishedShape(setting.asked), options);
}

double Percent(std::int64_t hits, std::int64_t runs) {
  return 100 * static_cast<double>(hits) / static_cast<double>(runs);
}

TEST(Simulate, PublishedSuitesHaveTheSizesOfTheMethods) {
  EXPECT_EQ(PublishedShape(1200).n, 1180);
  EXPECT_EQ(PublishedShape(4000).n, 3979);
  EXPECT_EQ(PublishedShape(1200).cells.size(), 40U);
  EXPECT_EQ(Table(kPublishedSettings[0], 1).bad_slice_n, 45);
  EXPECT_EQ(Table(kPublishedSettings[2], 1).bad_slice_n, 52);
}

TEST(Simulate, LawsAreDistributionsWithTheShift) {
  for (const double psi : {0.01, 0.05, 0.3, 1.0}) {
    for (double d = -0.6; d < 0.65; d += 0.05) {
      const PairLaw law = LawOf(psi, d);
      EXPECT_GE(law.broke, 0);
      EXPECT_GE(law.fixed, 0);
      EXPECT_LE(law.broke + law.fixed, 1 + 1e-12);
      if (law.broke + law.fixed < 1 - 1e-12) {
        EXPECT_NEAR(law.fixed - law.broke, d, 1e-12) << psi << " " << d;
      }
      if (std::fabs(d) <= psi) {
        EXPECT_NEAR(law.broke + law.fixed, psi, 1e-12);
      }
    }
  }
}

// Every cell of the published table, 5,000 runs where MINSLICE_STUDY is set and 400 otherwise.
TEST(Simulate, AgreesWithAnotherProgram) {
  std::ifstream in(MINSLICE_TEST_DATA "/reference/operating_characteristics.json");
  ASSERT_TRUE(in);
  const auto reference = nlohmann::json::parse(in);
  const auto reference_runs = reference["runs"].get<double>();
  const std::int64_t runs = std::getenv("MINSLICE_STUDY") != nullptr ? 5000 : 400;
  std::size_t cells = 0;
  for (const PublishedSetting& setting : kPublishedSettings) {
    const SimulatedTable table = Table(setting, runs);
    for (const SimulatedRow& row : table.rows) {
      for (const auto& cell : reference["cells"]) {
        if (cell["n"] != table.n || cell["psi"] != setting.psi || cell["truth"] != row.key) continue;
        ++cells;
        const std::pair<const char*, std::int64_t> kVerdicts[] = {{"promote", row.promote},
                                                                  {"hold", row.hold},
                                                                  {"blocked", row.blocked},
                                                                  {"inconclusive", row.inconclusive}};
        for (const auto& [name, hits] : kVerdicts) {
          const double expected = cell[name].get<double>();
          const double p = std::clamp(expected, 0.005, 0.995);
          const double error =
              100 * std::sqrt(p * (1 - p) * (1 / reference_runs + 1 / static_cast<double>(runs)));
          // 84 figures: 3.5 standard errors of their difference.
          EXPECT_NEAR(Percent(hits, runs), 100 * expected, 3.5 * error)
              << setting.name << ", " << row.truth << ", " << name;
        }
      }
    }
    for (const SimulatedBound& bound : table.bounds)
      EXPECT_TRUE(bound.kept) << setting.name << " " << bound.name << " " << bound.rate;
  }
  EXPECT_EQ(cells, 21U);
}

TEST(Simulate, ThreadsChangeNoDigit) {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const SimulatedTable one = Table(kPublishedSettings[0], 60);
  omp_set_num_threads(3);
  const SimulatedTable three = Table(kPublishedSettings[0], 60);
  omp_set_num_threads(threads);
  ASSERT_EQ(one.rows.size(), three.rows.size());
  for (std::size_t r = 0; r < one.rows.size(); ++r) {
    EXPECT_EQ(one.rows[r].promote, three.rows[r].promote);
    EXPECT_EQ(one.rows[r].hold, three.rows[r].hold);
    EXPECT_EQ(one.rows[r].blocked, three.rows[r].blocked);
    EXPECT_EQ(one.rows[r].suspected, three.rows[r].suspected);
  }
  // Another seed draws others.
  const SimulatedTable other = Table(kPublishedSettings[0], 60, 1);
  bool differs = false;
  for (std::size_t r = 0; r < one.rows.size(); ++r) {
    differs =
        differs || one.rows[r].hold != other.rows[r].hold || one.rows[r].blocked != other.rows[r].blocked;
  }
  EXPECT_TRUE(differs);
}

// Latent cases with noisy runs have the psi, the noise and the shift that were asked for.
TEST(Simulate, NoisyRunsKeepPsiAndShift) {
  const CaseModel model{.repeats = 3, .noise = 0.04, .icc = 0};
  const Latent latent = LatentOf(model, 0.10, -0.03);
  const double f = latent.flip;
  EXPECT_NEAR(2 * f * (1 - f), 0.04, 1e-12);
  // One run a side differs where the cases differ and an even number of both runs flipped, or else.
  const double flipped_once = 2 * f * (1 - f);
  EXPECT_NEAR(latent.psi * (1 - flipped_once) + (1 - latent.psi) * flipped_once, 0.10, 1e-12);
  EXPECT_NEAR(latent.shift * (1 - 2 * f), -0.03, 1e-12);
}

// Where psi is mostly noise, three runs a side promote a better candidate more often; clusters less often.
// The stated bounds hold all the same.
TEST(Simulate, RunsSharpenAndClustersBlunt) {
  const std::vector<std::pair<std::string, std::int64_t>> sizes = {{"a", 150}, {"b", 150}, {"c", 150}};
  Policy policy = PublishedPolicy();
  policy.margin = 0.03;
  policy.bootstrap_replicates = 200;
  SimulateOptions options;
  options.runs = 30;
  options.psi = 0.12;
  const SimulatedTable once = *Simulate(policy, ShapeOfSizes("slice", sizes), options);
  EXPECT_EQ(once.repeats, 1);
  options.model = {.repeats = 3, .noise = 0.10, .icc = 0};
  const SimulatedTable thrice = *Simulate(policy, ShapeOfSizes("slice", sizes), options);
  EXPECT_EQ(thrice.repeats, 3);
  EXPECT_GE(thrice.rows[0].promote, once.rows[0].promote + 5);
  for (const SimulatedBound& bound : thrice.bounds)
    EXPECT_TRUE(bound.kept) << bound.name << " " << bound.rate;

  std::vector<Case> cases(450);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    cases[i].id = std::to_string(i);
    cases[i].cluster = "d" + std::to_string(i / 10);
    cases[i].segments = {{"slice", std::string(1, static_cast<char>('a' + i / 150))}};
  }
  options.model = {.repeats = 1, .noise = 0, .icc = 0.5};
  options.psi = 0.05;
  const SimulatedTable clustered = *Simulate(policy, ShapeOfCases("s", cases), options);
  options.model = {};
  const SimulatedTable independent = *Simulate(policy, ShapeOfSizes("slice", sizes), options);
  EXPECT_EQ(clustered.clusters, 45);
  EXPECT_GE(independent.rows[0].promote, clustered.rows[0].promote + 5);
  for (const SimulatedBound& bound : clustered.bounds)
    EXPECT_TRUE(bound.kept) << bound.name << " " << bound.rate;
}

// Two dimensions that cut the same cases: cells are drawn once and both margins add up.
TEST(Simulate, OverlappingDimensions) {
  SuiteShape shape;
  shape.dimensions = {{"flow", {"a", "b"}}, {"lang", {"de", "en"}}};
  shape.cells = {{100, {0, 0}, 0.9},
                 {50, {0, 1}, 0.9},
                 {50, {1, 0}, 0.5},
                 {200, {1, 1}, std::nullopt},
                 {30, {1, kNoValue}, 0.1}};
  for (const ShapeCell& cell : shape.cells) shape.n += cell.n;
  Policy policy = PublishedPolicy();
  policy.segments.dimensions = {{}, {}};
  policy.segments.dimensions[0].key = "flow";
  policy.segments.dimensions[1].key = "lang";
  SimulateOptions options;
  options.runs = 200;
  options.bad_dimension = "lang";
  options.bad_slice = "en";
  const auto table = Simulate(policy, shape, options);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->bad_slice_n, 250);
  // The cases without a language are a slice of their own, as in the gate.
  EXPECT_EQ(table->slices, 5);
  for (const SimulatedRow& row : table->rows) {
    EXPECT_EQ(row.promote + row.hold + row.blocked + row.inconclusive, options.runs) << row.truth;
  }
  // -30 points in 250 pairs are not missed, and named.
  EXPECT_GE(table->rows[5].blocked, 195);
  EXPECT_GE(table->rows[5].bad_slice_named, 195);
  options.bad_slice = "fr";
  EXPECT_EQ(Simulate(policy, shape, options).error().code, "no_such_slice");
}

// Floors take the incumbent's rate: at .95 with a floor of .85 hardly a slice of 200 is shown below, at .70
// all are.
TEST(Simulate, IncumbentRatesReachTheFloors) {
  const std::vector<std::pair<std::string, std::int64_t>> sizes = {{"a", 200}, {"b", 200}};
  Policy policy = PublishedPolicy();
  policy.segments.floor_pass_rate = 0.85;
  SimulateOptions options;
  options.runs = 200;
  options.incumbent_rate = 0.95;
  EXPECT_LE(Simulate(policy, ShapeOfSizes("slice", sizes), options)->rows[0].blocked, 12);
  options.incumbent_rate = 0.70;
  EXPECT_GE(Simulate(policy, ShapeOfSizes("slice", sizes), options)->rows[0].blocked, 190);
}

TEST(Simulate, WithoutGatedSlicesThereAreNoRowsAboutThem) {
  const std::vector<std::pair<std::string, std::int64_t>> sizes = {{"a", 300}};
  Policy policy = PublishedPolicy();
  policy.segments.dimensions.clear();
  SimulateOptions options;
  options.runs = 20;
  EXPECT_EQ(Simulate(policy, ShapeOfSizes("slice", sizes), options)->rows.size(), 4U);
  EXPECT_EQ(Simulate(policy, SuiteShape{}, options).error().code, "no_cases");
}

}  // namespace
}  // namespace minslice::plan
