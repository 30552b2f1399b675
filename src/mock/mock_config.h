// What a mock provider does (docs/formats/mock.md). A scripted model is a function of the case: the same seed
// gives the same answers whatever the order and number of the requests.
#ifndef MINSLICE_MOCK_MOCK_CONFIG_H_
#define MINSLICE_MOCK_MOCK_CONFIG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "minslice/result.h"

namespace minslice::mock {

struct Latency {
  double ms = 0;        // fixed; of a log-normal latency, the median
  double sigma = 0;     // of the logarithm; 0 = fixed
  double token_ms = 0;  // between the chunks of a streamed answer, which hold a token each
};

// Ways to go wrong. The first group answers with an error, the second breaks the connection or the body, the
// third is an answer of the model's own failing.
enum class Fault : std::uint8_t {
  kHttp400,
  kHttp401,
  kHttp403,
  kHttp404,
  kHttp408,
  kHttp429,
  kHttp500,
  kHttp502,  // with an HTML body
  kHttp503,
  kHttp504,
  kQuota,          // 429 insufficient_quota
  kBudget,         // 422 budget_exceeded
  kPayment,        // 402
  kContextLength,  // 400 context_length_exceeded
  kTruncate,       // closes in the middle of the body
  kReset,          // resets the connection before the answer
  kStall,          // stays silent for stall_s, then closes
  kBadJson,        // 200 with a body that is no JSON
  kLength,         // finish_reason length, content cut
  kContentFilter,  // finish_reason content_filter, content null
  kRefusal,        // message.refusal, content null
};
const char* FaultName(Fault fault);  // "http_429", "quota", "truncate", ...
std::optional<Fault> FaultFromName(const std::string& name);
std::vector<std::string> FaultNames();

struct Faults {
  std::vector<std::pair<Fault, double>> rates;  // shares of the requests; their sum is at most 1
  std::optional<double> retry_after_s;          // header of 429 and 503
  bool retry_after_date = false;                // as an HTTP date
  double stall_s = 60;
  std::uint64_t seed = 0;
  std::optional<int> at_most;  // faults for one case at most; later requests for it are answered
};

struct SegmentRate {
  std::string dimension;
  std::string value;
  double rate = 1;
};

struct ModelConfig {
  std::string name;        // as the request says it
  std::string answers_as;  // `model` of the answer, e.g. a dated version; empty = name

  // Either a pass rate, by segment where one is given (the first that the case carries), ...
  double pass_rate = 1;
  std::vector<SegmentRate> pass_rates;
  double flaky = 0;  // share of the cases whose answer is drawn anew at every request
  std::uint64_t seed = 0;
  // ... or the output of each case by id, from a JSONL file of {"id", "output"} or given here; a case without
  // one is answered by a 400.
  std::string outputs_path;
  std::map<std::string, std::string> outputs;

  std::optional<double> cost_usd;  // per answer, in the header x-litellm-response-cost
  std::optional<Latency> latency;  // else the server's
  std::optional<Faults> faults;    // else the server's
};

struct MockConfig {
  int port = 0;  // on 127.0.0.1; 0 = any free one
  std::string suite_path;
  std::string api_key;  // if not empty, a request must carry it as bearer token
  std::vector<ModelConfig> models;
  Latency latency;
  Faults faults;
};

// Reads a mock's configuration file; every error at once. Paths in it are relative to it.
Result<MockConfig> LoadMockConfig(const std::string& path);

}  // namespace minslice::mock

#endif  // MINSLICE_MOCK_MOCK_CONFIG_H_
