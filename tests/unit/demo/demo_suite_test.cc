// The demo's figures are promised in README and in the issue they were born from: counted here from the files
// themselves.
#include "demo/demo_suite.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

namespace minslice::demo {
namespace {

using Json = nlohmann::json;

std::vector<Json> Lines(const std::vector<DemoFile>& files, const std::string& name) {
  std::vector<Json> lines;
  for (const DemoFile& file : files) {
    if (file.name != name) continue;
    std::istringstream stream(file.text);
    for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  }
  return lines;
}

struct Counts {
  int n = 0, incumbent = 0, candidate = 0;
  bool operator==(const Counts&) const = default;
};

TEST(DemoSuite, HasTheIncidentsCounts) {
  const std::vector<DemoFile> files = DemoFiles();
  std::map<std::string, std::string> incumbent;
  std::map<std::string, std::string> candidate;
  for (const Json& line : Lines(files, "incumbent.outputs.jsonl")) incumbent[line["id"]] = line["output"];
  for (const Json& line : Lines(files, "candidate.outputs.jsonl")) candidate[line["id"]] = line["output"];
  std::map<std::string, Counts> flows;
  std::set<std::string> ids;
  std::set<std::string> prompts;
  for (const Json& line : Lines(files, "cases.jsonl")) {
    const std::string id = line["id"];
    EXPECT_TRUE(ids.insert(id).second) << id;
    EXPECT_TRUE(prompts.insert(line["prompt"].get<std::string>()).second) << line["prompt"];
    for (const std::string& flow : {line["segments"]["flow"].get<std::string>(), std::string("all")}) {
      ++flows[flow].n;
      flows[flow].incumbent += Json::parse(incumbent.at(id)) == line["expected"] ? 1 : 0;
      flows[flow].candidate += Json::parse(candidate.at(id)) == line["expected"] ? 1 : 0;
    }
  }
  EXPECT_EQ(flows["refund_flow"], (Counts{47, 43, 36}));
  EXPECT_EQ(flows["invoice_parse"], (Counts{210, 176, 191}));    // .838 -> .910
  EXPECT_EQ(flows["contract_review"], (Counts{156, 138, 139}));  // .885 -> .891
  EXPECT_EQ(flows["escalation_routing"], (Counts{89, 74, 75}));  // .831 -> .843
  EXPECT_EQ(flows["all"], (Counts{1200, 1045, 1049}));           // .871 -> .874
  EXPECT_EQ(flows.size(), 6U);
}

TEST(DemoSuite, IsTheSameEachTime) {
  const std::vector<DemoFile> first = DemoFiles();
  const std::vector<DemoFile> second = DemoFiles();
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].text, second[i].text) << first[i].name;
}

}  // namespace
}  // namespace minslice::demo
