#include "report/evidence_json.h"

#include "report/row_json.h"

namespace minslice::report {
namespace {

Json RepeatsJson(const std::optional<VerdictRepeats>& repeats) {
  if (!repeats) return nullptr;
  Json json;
  json["repeats"] = repeats->repeats;
  Json rates = Json::array();
  for (const double rate : repeats->rates) rates.push_back(Value(rate));
  json["rates"] = rates;
  json["spread"] = Value(repeats->spread);
  json["flaky"] = repeats->flaky;
  json["n"] = repeats->n;
  json["verdict"] = repeats->verdict;
  json["why"] = ValidUtf8(repeats->why);
  json["expected_spread"] = Value(repeats->expected_spread);
  json["spread_95"] = Value(repeats->spread_95);
  json["cochran_q"] = Value(repeats->cochran_q);
  json["cochran_p"] = Value(repeats->cochran_p);
  json["flip_rate"] = Value(repeats->flip_rate);
  json["flip_ci"] = Json::array({Value(repeats->flip_low), Value(repeats->flip_high)});
  json["causes"] = Texts(repeats->causes);
  return json;
}

void ReadRepeats(const Reader& reader, std::optional<VerdictRepeats>& repeats) {
  repeats.emplace();
  reader.Get("repeats", repeats->repeats);
  reader.Get("spread", repeats->spread);
  reader.Get("flaky", repeats->flaky);
  if (const Json* rates = reader.Find("rates"); rates != nullptr && rates->is_array()) {
    for (const Json& rate : *rates) {
      repeats->rates.push_back(rate.is_number() ? rate.get<double>() : std::nan(""));
    }
  }
  reader.Get("n", repeats->n);
  reader.Get("verdict", repeats->verdict);
  reader.Get("why", repeats->why);
  reader.Get("expected_spread", repeats->expected_spread);
  reader.Get("spread_95", repeats->spread_95);
  reader.Get("cochran_q", repeats->cochran_q);
  reader.Get("cochran_p", repeats->cochran_p);
  reader.Get("flip_rate", repeats->flip_rate);
  reader.GetPair("flip_ci", repeats->flip_low, repeats->flip_high);
  reader.Get("causes", repeats->causes);
}

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(ValidUtf8(text)); }

Json DifferenceJson(const std::optional<VerdictFlakyDifference>& difference) {
  if (!difference) return nullptr;
  Json json;
  json["n_pairs"] = difference->n_pairs;
  json["delta"] = Value(difference->delta);
  json["ci_low"] = Value(difference->ci_low);
  json["ci_high"] = Value(difference->ci_high);
  json["level"] = Value(difference->level);
  json["method"] = difference->method;
  return json;
}

VerdictFlakyDifference ReadDifference(const Reader& reader) {
  VerdictFlakyDifference difference;
  reader.Get("n_pairs", difference.n_pairs);
  reader.Get("delta", difference.delta);
  reader.Get("ci_low", difference.ci_low);
  reader.Get("ci_high", difference.ci_high);
  reader.Get("level", difference.level);
  reader.Get("method", difference.method);
  return difference;
}

Json FlakyJson(const std::optional<VerdictFlaky>& flaky) {
  if (!flaky) return nullptr;
  Json json;
  json["policy"] = flaky->policy;
  json["quarantine_file"] = OrNull(flaky->path);
  json["quarantine_sha256"] = OrNull(flaky->sha256);
  json["run_date"] = OrNull(flaky->run_date);
  json["ids"] = Texts(flaky->ids);
  json["quarantined"] = Texts(flaky->quarantined);
  json["expired"] = Texts(flaky->expired);
  Json ignored = Json::array();
  for (const VerdictFlakyIgnored& item : flaky->ignored)
    ignored.push_back({{"id", ValidUtf8(item.id)}, {"why", ValidUtf8(item.why)}});
  json["ignored"] = std::move(ignored);
  json["with"] = DifferenceJson(flaky->with);
  json["without"] = DifferenceJson(flaky->without);
  return json;
}

VerdictFlaky ReadFlaky(const Reader& reader) {
  VerdictFlaky flaky;
  reader.Get("policy", flaky.policy);
  reader.Get("quarantine_file", flaky.path);
  reader.Get("quarantine_sha256", flaky.sha256);
  reader.Get("run_date", flaky.run_date);
  reader.Get("ids", flaky.ids);
  reader.Get("quarantined", flaky.quarantined);
  reader.Get("expired", flaky.expired);
  reader.List("ignored", [&](const Reader& r) {
    VerdictFlakyIgnored item;
    r.Get("id", item.id);
    r.Get("why", item.why);
    flaky.ignored.push_back(std::move(item));
  });
  reader.Object("with", [&](const Reader& r) { flaky.with = ReadDifference(r); });
  reader.Object("without", [&](const Reader& r) { flaky.without = ReadDifference(r); });
  return flaky;
}

Json MetricJson(const VerdictMetric& metric) {
  Json json;
  json["name"] = ValidUtf8(metric.name);
  json["role"] = metric.role;
  json["type"] = metric.scale.graded ? "graded" : "binary";
  json["direction"] = metric.scale.down ? "down" : "up";
  json["range"] = Json::array({Value(metric.scale.low), Value(metric.scale.high)});
  json["judge"] = metric.judge;
  json["labels"] = OrNull(metric.labels_path);
  json["labels_sha256"] = OrNull(metric.labels_sha256);
  json["n_labels"] = Value(metric.n_labels);
  json["lambda"] = Value(metric.lambda);
  PutRow(metric.row, json);
  json["margin"] = Value(metric.margin);
  return json;
}

VerdictMetric ReadMetric(const Reader& reader) {
  VerdictMetric metric;
  std::string text;
  reader.Get("name", metric.name);
  reader.Get("role", metric.role);
  reader.Get("type", text);
  metric.scale.graded = text == "graded";
  text.clear();
  reader.Get("direction", text);
  metric.scale.down = text == "down";
  std::optional<double> low, high;
  reader.GetPair("range", low, high);
  metric.scale.low = low.value_or(0);
  metric.scale.high = high.value_or(1);
  reader.Get("judge", metric.judge);
  reader.Get("labels", metric.labels_path);
  reader.Get("labels_sha256", metric.labels_sha256);
  reader.Get("n_labels", metric.n_labels);
  reader.Get("lambda", metric.lambda);
  ReadRow(reader, metric.row);
  reader.Get("margin", metric.margin);
  return metric;
}

Json AnchorJson(const std::optional<VerdictAnchor>& anchor) {
  if (!anchor) return nullptr;
  Json json;
  json["path"] = ValidUtf8(anchor->path);
  json["sha256"] = anchor->sha256;
  json["model"] = OrNull(anchor->model);
  json["started_at"] = OrNull(anchor->started_at);
  PutRow(anchor->row, json);
  json["margin"] = Value(anchor->margin);
  return json;
}

VerdictAnchor ReadAnchor(const Reader& reader) {
  VerdictAnchor anchor;
  reader.Get("path", anchor.path);
  reader.Get("sha256", anchor.sha256);
  reader.Get("model", anchor.model);
  reader.Get("started_at", anchor.started_at);
  ReadRow(reader, anchor.row);
  reader.Get("margin", anchor.margin);
  return anchor;
}

Json LedgerJson(const std::optional<VerdictLedger>& ledger) {
  if (!ledger) return nullptr;
  return {{"path", OrNull(ledger->path)},
          {"state_sha256", ledger->state_sha256},
          {"gates_before", ledger->gates_before},
          {"candidates_before", ledger->candidates_before},
          {"planned", ledger->planned},
          {"candidates", ledger->candidates},
          {"alpha_promote", Value(ledger->alpha_promote)}};
}

VerdictLedger ReadLedger(const Reader& reader) {
  VerdictLedger ledger;
  reader.Get("path", ledger.path);
  reader.Get("state_sha256", ledger.state_sha256);
  reader.Get("gates_before", ledger.gates_before);
  reader.Get("candidates_before", ledger.candidates_before);
  reader.Get("planned", ledger.planned);
  reader.Get("candidates", ledger.candidates);
  reader.Get("alpha_promote", ledger.alpha_promote);
  return ledger;
}

Json SequentialJson(const std::optional<VerdictSequential>& sequential) {
  if (!sequential) return nullptr;
  return {{"method", sequential->method},          {"decided", OrNull(sequential->decided)},
          {"n_pairs", sequential->n_pairs},        {"cases", sequential->cases},
          {"log_e", Value(sequential->log_e)},     {"log_e_harm", Value(sequential->log_e_harm)},
          {"p_value", Value(sequential->p_value)}, {"stopped", sequential->stopped}};
}

Json PartialJson(const std::optional<VerdictPartial>& partial) {
  if (!partial) return nullptr;
  const auto list = [](const std::vector<VerdictPartialCase>& cases) {
    Json json = Json::array();
    for (const VerdictPartialCase& item : cases)
      json.push_back({{"case_id", ValidUtf8(item.case_id)}, {"delta", Value(item.delta)}});
    return json;
  };
  return {{"n_fell", partial->n_fell},
          {"n_rose", partial->n_rose},
          {"fell", list(partial->fell)},
          {"rose", list(partial->rose)}};
}

}  // namespace

Json NondeterminismJson(const std::optional<VerdictNondeterminism>& noise) {
  if (!noise) return nullptr;
  Json json;
  json["incumbent"] = RepeatsJson(noise->incumbent);
  json["candidate"] = RepeatsJson(noise->candidate);
  json["noise_share"] = Value(noise->noise_share);
  json["repeats_that_pay"] = Value(noise->repeats_that_pay);
  return json;
}

void ReadNondeterminism(const Reader& reader, std::optional<VerdictNondeterminism>& noise) {
  noise.emplace();
  reader.Object("incumbent", [&](const Reader& r) { ReadRepeats(r, noise->incumbent); });
  reader.Object("candidate", [&](const Reader& r) { ReadRepeats(r, noise->candidate); });
  reader.Get("noise_share", noise->noise_share);
  reader.Get("repeats_that_pay", noise->repeats_that_pay);
}

Json DriftJson(const VerdictDrift& drift) {
  Json json;
  json["incumbent_mixed"] = drift.incumbent_mixed;
  json["candidate_mixed"] = drift.candidate_mixed;
  json["incumbent_unknown"] = drift.incumbent_unknown;
  json["candidate_unknown"] = drift.candidate_unknown;
  Json findings = Json::array();
  for (const VerdictDriftFinding& finding : drift.findings) {
    findings.push_back({{"side", finding.side},
                        {"code", finding.code},
                        {"consequence", finding.consequence},
                        {"path", ValidUtf8(finding.path)},
                        {"text", ValidUtf8(finding.text)}});
  }
  json["findings"] = std::move(findings);
  return json;
}

void ReadDrift(const Reader& reader, VerdictDrift& drift) {
  reader.Get("incumbent_mixed", drift.incumbent_mixed);
  reader.Get("candidate_mixed", drift.candidate_mixed);
  reader.Get("incumbent_unknown", drift.incumbent_unknown);
  reader.Get("candidate_unknown", drift.candidate_unknown);
  reader.List("findings", [&](const Reader& r) {
    VerdictDriftFinding finding;
    r.Get("side", finding.side);
    r.Get("code", finding.code);
    r.Get("consequence", finding.consequence);
    r.Get("path", finding.path);
    r.Get("text", finding.text);
    drift.findings.push_back(std::move(finding));
  });
}

void PutEvidence(const Verdict& verdict, Json& json) {
  json["flaky"] = FlakyJson(verdict.flaky);
  Json metrics = Json::array();
  for (const VerdictMetric& metric : verdict.metrics) metrics.push_back(MetricJson(metric));
  json["metrics"] = std::move(metrics);
  json["anchor"] = AnchorJson(verdict.anchor);
  json["ledger"] = LedgerJson(verdict.ledger);
  json["sequential"] = SequentialJson(verdict.sequential);
  json["partial"] = PartialJson(verdict.partial);
  json["holds"] = {{"expected_false", Value(verdict.holds.expected_false)},
                   {"most_expected", Value(verdict.holds.most_expected)},
                   {"slices", verdict.holds.slices},
                   {"standing", verdict.holds.standing},
                   {"cleared", verdict.holds.cleared}};
  Json reviews = Json::array();
  for (const VerdictReview& review : verdict.reviews) {
    reviews.push_back({{"path", ValidUtf8(review.path)},
                       {"sha256", review.sha256},
                       {"reviewer", ValidUtf8(review.reviewer)},
                       {"date", ValidUtf8(review.date)},
                       {"note", ValidUtf8(review.note)},
                       {"cleared", Texts(review.cleared)},
                       {"ignored", Texts(review.ignored)}});
  }
  json["reviews"] = std::move(reviews);
}

void ReadEvidence(const Reader& reader, Verdict& verdict) {
  reader.Object("flaky", [&](const Reader& r) { verdict.flaky = ReadFlaky(r); });
  reader.List("metrics", [&](const Reader& r) { verdict.metrics.push_back(ReadMetric(r)); });
  reader.Object("anchor", [&](const Reader& r) { verdict.anchor = ReadAnchor(r); });
  reader.Object("ledger", [&](const Reader& r) { verdict.ledger = ReadLedger(r); });
  reader.Object("sequential", [&](const Reader& r) {
    VerdictSequential& out = verdict.sequential.emplace();
    r.Get("method", out.method);
    r.Get("decided", out.decided);
    r.Get("n_pairs", out.n_pairs);
    r.Get("cases", out.cases);
    r.Get("log_e", out.log_e);
    r.Get("log_e_harm", out.log_e_harm);
    r.Get("p_value", out.p_value);
    r.Get("stopped", out.stopped);
  });
  reader.Object("partial", [&](const Reader& r) {
    VerdictPartial& out = verdict.partial.emplace();
    r.Get("n_fell", out.n_fell);
    r.Get("n_rose", out.n_rose);
    const auto list = [&r](const char* key, std::vector<VerdictPartialCase>& cases) {
      r.List(key, [&](const Reader& c) {
        VerdictPartialCase item;
        c.Get("case_id", item.case_id);
        c.Get("delta", item.delta);
        cases.push_back(std::move(item));
      });
    };
    list("fell", out.fell);
    list("rose", out.rose);
  });
  reader.Object("holds", [&](const Reader& r) {
    r.Get("expected_false", verdict.holds.expected_false);
    r.Get("most_expected", verdict.holds.most_expected);
    r.Get("slices", verdict.holds.slices);
    r.Get("standing", verdict.holds.standing);
    r.Get("cleared", verdict.holds.cleared);
  });
  reader.List("reviews", [&](const Reader& r) {
    VerdictReview review;
    r.Get("path", review.path);
    r.Get("sha256", review.sha256);
    r.Get("reviewer", review.reviewer);
    r.Get("date", review.date);
    r.Get("note", review.note);
    r.Get("cleared", review.cleared);
    r.Get("ignored", review.ignored);
    verdict.reviews.push_back(std::move(review));
  });
}

}  // namespace minslice::report
