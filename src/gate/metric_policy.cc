// The metrics block of a policy.
#include <nlohmann/json.hpp>
#include <set>

#include "gate/labels.h"
#include "gate/policy_blocks.h"
#include "gate/policy_fields.h"
#include "io/file_system.h"
#include "io/nearest_name.h"

namespace minslice::gate {
namespace {

MetricScale ReadScale(const yaml::Map& map) {
  MetricScale scale;
  scale.graded = map.GetChoice("type", "binary", {"binary", "graded"}) == "graded";
  scale.down = map.GetChoice("direction", "up", {"up", "down"}) == "down";
  if (!map.Has("range")) return scale;
  const std::vector<yaml::Node> ends = map.GetList("range");
  if (!scale.graded) {
    map.Error("range", "a binary metric is 0 or 1 and has no range; write type: graded");
  } else if (ends.size() != 2) {
    map.Error("range", "expected [lowest, highest] score");
  } else {
    const auto low = ends[0].Double();
    const auto high = ends[1].Double();
    if (low && high && *low < *high) {
      scale.low = *low;
      scale.high = *high;
    } else if (low && high) {
      map.Error("range", "expected [lowest, highest], the first below the second");
    }
  }
  return scale;
}

void ReadJudge(const yaml::Map& map, const std::string& folder, io::Diagnostics& diagnostics,
               MetricPolicy& metric) {
  metric.judge = map.GetBool("judge", map.Has("labels"));
  const std::string file = map.FindString("labels").value_or("");
  const std::string correction = map.GetChoice("correction", file.empty() ? "none" : "ppi", {"none", "ppi"});
  if (file.empty()) {
    if (correction == "ppi")
      map.Error("correction", "correction ppi needs labels: a file of people's labels");
    return;
  }
  if (correction == "none") {
    map.Error("correction", "labels are for correction: ppi; take one of both out");
    return;
  }
  const std::string path = io::JoinPath(folder, file);
  const Result<std::string> text = io::RealFileSystem().ReadFile(path);
  const Result<Labels> labels =
      text ? ParseLabels(*text, path) : Result<Labels>(tl::unexpected(text.error()));
  if (labels) {
    metric.labels = *labels;
    metric.labels.path = file;
  } else {
    diagnostics.AddAll(labels.error());
  }
}

nlohmann::json ScaleJson(const MetricScale& scale) {
  return {{"type", scale.graded ? "graded" : "binary"},
          {"direction", scale.down ? "down" : "up"},
          {"range", scale.graded ? nlohmann::json{scale.low, scale.high} : nlohmann::json()}};
}

}  // namespace

void ReadMetrics(const yaml::Map& root, const std::string& folder, io::Diagnostics& diagnostics,
                 Policy& policy) {
  const yaml::Node list = root.Get("metrics");
  if (!list.present()) return;
  const std::vector<yaml::Node> items = list.Items();
  if (list.kind() == yaml::Kind::kList && items.empty())
    list.Error("metrics is empty; leave it out for the default metric pass");
  int primaries = 0;
  std::set<std::string> names;
  for (const yaml::Node& item : items) {
    const yaml::Map map = item.AsMap();
    if (item.kind() != yaml::Kind::kMap) continue;
    MetricPolicy metric;
    metric.name = map.RequireString("name");
    metric.role = map.GetChoice("role", "primary", {"primary", "guardrail", "deterioration", "report"});
    const bool primary = metric.role == "primary";
    if (primary && ++primaries > 1) item.Error("a second primary metric; a policy has one");
    if (!metric.name.empty() && !names.insert(metric.name).second)
      item.Error("metric " + io::Quoted(metric.name) + " is named twice");
    metric.scale = ReadScale(map);
    metric.margin = OpenFraction(map, "margin", metric.margin, 0, 1, "margin");
    const double target_mde = OpenFraction(map, "target_mde", policy.target_mde, 0, 1, "target_mde");
    if (!primary && map.Has("target_mde"))
      map.Error("target_mde", "only the primary metric has a target_mde; take it out");
    if (metric.role == "guardrail") {
      metric.on_unresolved =
          map.GetChoice("on_unresolved", metric.on_unresolved, {"hold", "inconclusive", "report"});
    } else if (map.Has("on_unresolved")) {
      map.Error("on_unresolved", "only a guardrail is resolved or not; take it out");
    }
    if (metric.role == "deterioration" && map.Has("margin"))
      map.Error("margin", "a deterioration metric has no margin: it must not be shown worse at all");
    if (!primary) {
      ReadJudge(map, folder, diagnostics, metric);
    } else {
      for (const char* key : {"judge", "labels", "correction"}) {
        if (map.Has(key))
          map.Error(key,
                    "a judge's metric is no primary metric; give it role guardrail, deterioration or report");
      }
    }
    map.Finish();
    if (!primary) {
      policy.metrics.push_back(std::move(metric));
      continue;
    }
    if (!metric.name.empty()) policy.metric = metric.name;
    policy.scale = metric.scale;
    policy.margin = metric.margin;
    policy.target_mde = target_mde;
  }
}

nlohmann::json MetricsJson(const Policy& policy) {
  nlohmann::json list = nlohmann::json::array();
  nlohmann::json primary = ScaleJson(policy.scale);
  primary.update({{"name", policy.metric},
                  {"role", "primary"},
                  {"margin", policy.margin},
                  {"target_mde", policy.target_mde}});
  list.push_back(std::move(primary));
  for (const MetricPolicy& metric : policy.metrics) {
    nlohmann::json item = ScaleJson(metric.scale);
    item.update({{"name", metric.name}, {"role", metric.role}, {"judge", metric.judge}});
    if (metric.role != "deterioration") item["margin"] = metric.margin;
    if (metric.role == "guardrail") item["on_unresolved"] = metric.on_unresolved;
    const bool labelled = !metric.labels.path.empty();
    item["correction"] = labelled ? "ppi" : "none";
    item["labels"] = labelled ? nlohmann::json(metric.labels.path) : nlohmann::json();
    item["labels_sha256"] = labelled ? nlohmann::json(metric.labels.sha256) : nlohmann::json();
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace minslice::gate
