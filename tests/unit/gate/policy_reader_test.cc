#include "gate/policy_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace minslice::gate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Errors(const std::string& text) {
  const Result<Policy> policy = ParsePolicy(text, "gate.yaml");
  std::vector<std::string> errors;
  if (!policy) {
    for (const Diagnostic& diagnostic : policy.error().diagnostics) errors.push_back(diagnostic.ToString());
  }
  return errors;
}

TEST(PolicyReaderTest, VersionAloneIsAPolicyWithEveryDefault) {
  const Result<Policy> policy = ParsePolicy("version: 1\n", "gate.yaml");
  ASSERT_TRUE(policy.has_value());
  EXPECT_EQ(policy->goal, Goal::kSuperiority);
  EXPECT_DOUBLE_EQ(policy->margin, 0.02);
  EXPECT_DOUBLE_EQ(policy->target_mde, 0.03);
  EXPECT_EQ(policy->ci_method, "tango");
  EXPECT_EQ(policy->segments.min_cases, 20);
  EXPECT_DOUBLE_EQ(policy->segments.margin, 0.05);
  EXPECT_EQ(policy->segments.multiplicity, "wy_discrete");
  EXPECT_DOUBLE_EQ(policy->missing.cap, 0.01);
  EXPECT_EQ(policy->bootstrap_replicates, 10000);
  EXPECT_FALSE(policy->gating.has_value());
}

TEST(PolicyReaderTest, AnEmptyFileIsRefused) {
  EXPECT_THAT(Errors(""), ::testing::Not(IsEmpty()));
  EXPECT_THAT(Errors("{}"), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(Errors("# nothing\n"), ::testing::Not(IsEmpty()));
}

TEST(PolicyReaderTest, LongForm) {
  const Result<Policy> policy = ParsePolicy(R"(
version: 1
pairing: {key: prompt_id, require_same_prompt_hash: true}
goal: non_inferiority
error_rates: {alpha_promote: 0.025, alpha_block: 0.1, power: 0.9, max_expected_false_holds: 0.5}
metrics:
  - {name: exact, role: primary, type: binary, direction: up, margin: 0.01, target_mde: 0.04}
methods: {ci: scas, p: mcnemar_exact, claim: any, bootstrap: {B: 2000, seed: 7, kind: [percentile, bca]}, repeats: signflip, cluster: cr2}
segments:
  dimensions: [customer, {key: length, weight: 2, values: [long]}, {key: lang, role: report}]
  min_cases: 30
  under_floor: report
  margin: 0.1
  multiplicity: tarone_holm
  floors: {pass_rate: 0.85, on_unresolved: report}
  required: [refund_flow, payments/*, {customer: acme}, customer: globex]
missing: {model_error: fail, infra_error: missing, cap: 0.02, slice_cap: 0.1, sensitivity: none}
verdict: {exit_map: {hold: 0, inconclusive: 12}}
)",
                                            "gate.yaml");
  ASSERT_TRUE(policy.has_value()) << policy.error().diagnostics.front().ToString();
  EXPECT_EQ(policy->goal, Goal::kNonInferiority);
  EXPECT_EQ(policy->metric, "exact");
  EXPECT_DOUBLE_EQ(policy->margin, 0.01);
  EXPECT_DOUBLE_EQ(policy->error_rates.alpha_promote, 0.025);
  EXPECT_EQ(policy->claim, Claim::kAny);
  EXPECT_EQ(policy->bootstrap_seed, 7U);
  ASSERT_EQ(policy->segments.dimensions.size(), 3U);
  EXPECT_EQ(policy->segments.dimensions[0].key, "customer");
  EXPECT_DOUBLE_EQ(policy->segments.dimensions[1].weight, 2);
  EXPECT_THAT(policy->segments.dimensions[1].values, ElementsAre("long"));
  EXPECT_EQ(policy->segments.dimensions[2].role, DimensionRole::kReport);
  EXPECT_DOUBLE_EQ(*policy->segments.floor_pass_rate, 0.85);
  ASSERT_EQ(policy->segments.required.size(), 4U);
  EXPECT_EQ(policy->segments.required[1].value, "payments/*");
  EXPECT_EQ(policy->segments.required[2].dimension, "customer");
  EXPECT_EQ(policy->segments.required[3].value, "globex");
  EXPECT_EQ(policy->missing.sensitivity, "none");
  EXPECT_EQ(policy->exit_map.at("hold"), 0);
  EXPECT_EQ(policy->exit_map.at("inconclusive"), 12);
}

// As design.md writes it.
TEST(PolicyReaderTest, ShortForm) {
  const Result<Policy> policy = ParsePolicy(
      "gating: {metric: pass_rate, aggregate: min_segment, threshold: 0.85, min_cases_per_segment: 20}\n"
      "segments: [refund_flow, invoice_parse, contract_review, escalation_routing]\n",
      "gate.yaml");
  ASSERT_TRUE(policy.has_value());
  ASSERT_TRUE(policy->gating.has_value());
  EXPECT_DOUBLE_EQ(policy->gating->threshold, 0.85);
  EXPECT_EQ(policy->gating->min_cases_per_segment, 20);
  EXPECT_THAT(policy->gating->segments,
              ElementsAre("refund_flow", "invoice_parse", "contract_review", "escalation_routing"));
}

TEST(PolicyReaderTest, EveryErrorAtOnceWithItsPlace) {
  const std::vector<std::string> errors = Errors(
      "version: 1\n"
      "gaol: superiority\n"
      "error_rates: {alpha_promote: 0.6}\n"
      "segments:\n"
      "  min_cases: 0\n"
      "  margin: 2\n"
      "  multiplicity: wy_discret\n");
  ASSERT_EQ(errors.size(), 5U);
  EXPECT_THAT(errors[0], HasSubstr("gate.yaml:2:1: "));
  EXPECT_THAT(errors[0], HasSubstr("did you mean \"goal\"?"));
  EXPECT_THAT(errors[1], HasSubstr("gate.yaml:3:30: "));
  EXPECT_THAT(errors[1], HasSubstr("between 0.0 and 0.5"));
  EXPECT_THAT(errors[2], HasSubstr("gate.yaml:5:14: "));
  EXPECT_THAT(errors[3], HasSubstr("2 points are 0.02"));
  EXPECT_THAT(errors[4], HasSubstr("did you mean \"wy_discrete\"?"));
}

// The whole policy of methods section 3, but for its files, is read.
TEST(PolicyReaderTest, TheMethodsPolicyIsRead) {
  const Result<Policy> policy = ParsePolicy(R"(
version: 1
pairing: {key: prompt_id, cluster: source_doc, require_same_prompt_hash: true}
runs: {incumbent: 3, candidate: 3, combine: mean}
goal: superiority
error_rates: {alpha_promote: 0.05, alpha_block: 0.05, power: 0.80, max_expected_false_holds: 0.25}
metrics:
  - {name: pass, role: primary, type: binary, direction: up, margin: 0.02, target_mde: 0.03}
  - {name: arg_f1, role: guardrail, type: graded, range: [0, 1], margin: 0.02}
  - {name: json_valid, role: deterioration, type: binary}
methods: {ci: tango, p: mcnemar_midp, claim: all, bootstrap: {B: 10000, seed: 0, kind: [percentile, bca]}, repeats: signflip, cluster: cr2}
segments:
  dimensions: [{key: customer, weight: 2}, {key: doc_length, bins: [512, 4096]}, {cross: [customer, doc_length], role: report}]
  min_cases: 20
  under_floor: pool
  margin: 0.05
  strict: true
  floors: {pass_rate: 0.85, on_unresolved: hold}
  required: [refund_flow, payments/*]
  overrides: {adapter_17: {margin: 0.005}}
missing: {model_error: missing, infra_error: fail, cap: 0.01, slice_cap: 0.05, sensitivity: worst_case}
nondeterminism: {runs: 3, max_spread: 0.01, cochran_q: 0.01, on_fail: invalid}
flaky: {policy: keep, quarantine_file: null, expires_days: 14}
verdict: {exit_map: {hold: 10, inconclusive: 11}}
)",
                                            "gate.yaml");
  ASSERT_TRUE(policy.has_value()) << policy.error().diagnostics.front().ToString();
  EXPECT_EQ(policy->cluster_by, "source_doc");
  EXPECT_EQ(policy->missing.model_error, "missing");
  EXPECT_EQ(policy->missing.infra_error, "fail");
  EXPECT_TRUE(policy->segments.strict);
  EXPECT_EQ(policy->segments.multiplicity, "holm") << "beside strict";
}

TEST(PolicyReaderTest, StrictIsNotAdjustedByWhatNeedsAttainablePValues) {
  for (const char* text :
       {"segments: {strict: true, multiplicity: wy_discrete}",
        "segments: {strict: true, multiplicity: tarone_holm}",
        "segments: {strict: true, multiplicity: max_t}", "segments: {strict: true, joint: true}"}) {
    EXPECT_THAT(Errors(text), Contains(HasSubstr("by Tango's score"))) << text;
  }
  EXPECT_THAT(Errors("segments: {strict: true, families: {pattern: '(.*)/', method: hierarchical}}"),
              Contains(HasSubstr("cannot both order the tests")));
  EXPECT_THAT(Errors("segments: {strict: true, multiplicity: by}"), IsEmpty());
  EXPECT_THAT(Errors("pairing: {cluster: ''}"), Contains(HasSubstr("expected the name of a dimension")));
}

TEST(PolicyReaderTest, ValuesThatMakeNoSense) {
  for (const char* text : {"version: 2",
                           "metrics: []",
                           "metrics: [{name: pass}, {name: exact}]",
                           "metrics: [{name: pass, margin: 0}]",
                           "metrics: [{name: pass, margin: 1}]",
                           "error_rates: {power: 0.4}",
                           "error_rates: {alpha_block: 0.5}",
                           "goal: better",
                           "methods: {ci: tang}",
                           "methods: {bootstrap: {B: 10}}",
                           "methods: {bootstrap: {kind: [percentile]}}",
                           "missing: {cap: 1.5}",
                           "runs: {incumbent: 0}",
                           "runs: {combine: median}",
                           "nondeterminism: {on_fail: promote}",
                           "nondeterminism: {cochran_q: 0}",
                           "drift: {models: ignore}",
                           "flaky: {policy: quarantine}",
                           "flaky: {quarantine_file: q.yaml}",
                           "flaky: {expires_days: 0}",
                           "anchor: {margin: 0.03}",
                           "anchor: {run: a.jsonl, margin: 3}",
                           "ledger: {candidates: 0}",
                           "sequential: {stop_for: []}",
                           "sequential: {stop_for: [loss]}",
                           "sequential: {min_pairs: 0}",
                           "sequential: {}\nsegments: {dimensions: [flow]}",
                           "sequential: {}\nmetrics: [{name: pass}, {name: f1, role: report}]",
                           "sequential: {}\nnondeterminism: {runs: 3}",
                           "metrics: [{name: pass}, {name: pass, role: report}]",
                           "metrics: [{name: f1, range: [0, 1]}]",
                           "metrics: [{name: f1, type: graded, range: [1, 0]}]",
                           "metrics: [{name: f1, type: graded, range: [1]}]",
                           "metrics: [{name: f1, judge: true}]",
                           "metrics: [{name: f1, role: report, labels: no-such-file.jsonl}]",
                           "metrics: [{name: f1, role: report, correction: ppi}]",
                           "metrics: [{name: f1, role: report, target_mde: 0.1}]",
                           "metrics: [{name: f1, role: deterioration, margin: 0.1}]",
                           "metrics: [{name: f1, role: report, on_unresolved: hold}]",
                           "metrics: [{name: f1, type: graded}]\nruns: {combine: majority}",
                           "metrics: [{name: f1, type: graded}]\nsegments: {floors: {pass_rate: 0.8}}",
                           "drift: {finger_print: warn}",
                           "segments: [a, b]",
                           "segments: {floors: {}}",
                           "segments: {floors: {pass_rate: 85}}",
                           "segments: {required: ['*a']}",
                           "segments: {required: [{a: b, c: d}]}",
                           "segments: {dimensions: [a, a]}",
                           "segments: {dimensions: [{key: a, role: report, weight: 2}]}",
                           "verdict: {exit_map: {hold: 1}}",
                           "verdict: {exit_map: {blocked: 0}}",
                           "verdict: {exit_map: {hold: 13}}",
                           "gating: {}",
                           "gating: {threshold: 85}",
                           "gating: {threshold: 0.8, metric: f1}",
                           "gating: {threshold: 0.8, aggregate: mean}",
                           "gating: {threshold: 0.8}\ngoal: superiority",
                           "gating: {threshold: 0.8}\nsegments: {min_cases: 3}",
                           "gating: {threshold: 0.8}\nsegments: [a, a]",
                           "pairing: {require_same_prompt_hash: false}",
                           "- a list",
                           "version: 1\nversion: 1"}) {
    EXPECT_EQ(Errors(text).size(), 1U) << text;
  }
}

TEST(PolicyReaderTest, ResolvedPolicyNamesEveryDefaultAndDoesNotDependOnSpelling) {
  const Result<Policy> small = ParsePolicy("version: 1", "a.yaml");
  const Result<Policy> spelled = ParsePolicy(
      "goal: superiority\nsegments: {min_cases: 20, margin: 0.05}\nmissing: {cap: 0.01}", "b.yaml");
  ASSERT_TRUE(small && spelled);
  EXPECT_EQ(ResolvedPolicyJson(*small), ResolvedPolicyJson(*spelled));
  const nlohmann::json json = nlohmann::json::parse(ResolvedPolicyJson(*small));
  EXPECT_EQ(json["error_rates"]["max_expected_false_holds"], 0.25);
  EXPECT_EQ(json["verdict"]["exit_map"]["hold"], 10);
  EXPECT_TRUE(json["gating"].is_null());
}

// The policies that ship are read, and the long min-slice.yaml says what the short form says on sure data.
TEST(PolicyReaderTest, ShippedPoliciesAreRead) {
  for (const char* name : {"default", "strict", "min-slice", "smoke"}) {
    const Result<Policy> policy =
        LoadPolicy(std::string(MINSLICE_TEST_DATA) + "/../../gates/" + name + ".yaml");
    EXPECT_TRUE(policy.has_value()) << name << ": "
                                    << (policy ? "" : policy.error().diagnostics.front().ToString());
  }
}

}  // namespace
}  // namespace minslice::gate
