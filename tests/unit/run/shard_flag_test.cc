#include "run/shard_flag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "log/shard.h"

namespace minslice::run {
namespace {

using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

Result<Shard> Read(const std::string& text, const Variables& variables = {}) {
  return ReadShard(text, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

std::string ErrorOf(const std::string& text, const Variables& variables = {}) {
  const auto shard = Read(text, variables);
  return shard ? "" : shard.error().diagnostics[0].message;
}

TEST(ReadShard, CountsFromOne) {
  EXPECT_EQ(*Read("3/16"), (Shard{3, 16}));
  EXPECT_EQ(*Read("1/1"), (Shard{1, 1}));
  EXPECT_THAT(ErrorOf("0/16"), HasSubstr("from 1 to 16"));
  EXPECT_THAT(ErrorOf("17/16"), HasSubstr("from 1 to 16"));
  for (const char* text : {"", "3", "3/", "/16", "a/b", "3/16/2", "-1/4", "auto/", "autos/4"})
    EXPECT_FALSE(Read(text)) << text;
}

TEST(ReadShard, SlurmArrays) {
  const Variables array = {{"SLURM_ARRAY_TASK_ID", "5"},
                           {"SLURM_ARRAY_TASK_MIN", "1"},
                           {"SLURM_ARRAY_TASK_STEP", "2"},
                           {"SLURM_ARRAY_TASK_COUNT", "8"}};
  EXPECT_EQ(*Read("auto", array), (Shard{3, 8}));  // tasks 1, 3, 5, ...
  EXPECT_EQ(*Read("auto", {{"SLURM_ARRAY_TASK_ID", "0"}, {"SLURM_ARRAY_TASK_COUNT", "8"}}), (Shard{1, 8}));
  EXPECT_EQ(*Read("auto/4", {{"SLURM_ARRAY_TASK_ID", "3"}}), (Shard{4, 4}));
  EXPECT_THAT(ErrorOf("auto", {{"SLURM_ARRAY_TASK_ID", "3"}}), HasSubstr("SLURM_ARRAY_TASK_COUNT"));
  EXPECT_THAT(ErrorOf("auto", {{"SLURM_ARRAY_TASK_ID", "x"}}), HasSubstr("expected a number"));
}

TEST(ReadShard, KubernetesIndexedJobs) {
  EXPECT_EQ(*Read("auto", {{"JOB_COMPLETION_INDEX", "0"}, {"JOB_COMPLETIONS", "3"}}), (Shard{1, 3}));
  EXPECT_EQ(*Read("auto/3", {{"JOB_COMPLETION_INDEX", "2"}}), (Shard{3, 3}));
  EXPECT_THAT(ErrorOf("auto", {{"JOB_COMPLETION_INDEX", "2"}}), HasSubstr("JOB_COMPLETIONS"));
  EXPECT_THAT(ErrorOf("auto/2", {{"JOB_COMPLETION_INDEX", "2"}}), HasSubstr("from 1 to 2"));
  EXPECT_THAT(ErrorOf("auto"), HasSubstr("found neither"));
}

TEST(ShardOf, IsTheDocumentedHash) {
  // python3 -c "import hashlib;
  // print([int.from_bytes(hashlib.sha256(f's\n{i}'.encode()).digest()[:8],'big')%7+1
  //             for i in ('a','b','case-00001','Ünï')])"
  std::vector<int> shards;
  for (const char* id : {"a", "b", "case-00001", "Ünï"}) shards.push_back(log::ShardOf("s", id, 7));
  EXPECT_EQ(shards, (std::vector<int>{7, 7, 3, 2}));
  EXPECT_EQ(log::ShardOf("s", "a", 1), 1);
}

TEST(ShardName, SortsAsTheNumbersDo) {
  EXPECT_EQ(ShardName({3, 16}), "03-of-16");
  EXPECT_EQ(ShardName({3, 9}), "3-of-9");
}

}  // namespace
}  // namespace minslice::run
