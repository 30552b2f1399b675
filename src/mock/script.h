// The provider without its sockets: from a request to what is sent back and when. Deterministic: every draw
// is addressed by (seed, model, case, number of the request for that case), so neither order nor concurrency
// change an answer.
#ifndef MINSLICE_MOCK_SCRIPT_H_
#define MINSLICE_MOCK_SCRIPT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "minslice/result.h"
#include "mock/mock_config.h"
#include "suite/suite.h"

namespace minslice::mock {

struct Reply {
  enum class Ending { kWhole, kTruncate, kReset, kStall };
  int status = 200;
  std::string headers;  // extra lines, each with CRLF
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::string> events;  // not empty: sent one by one instead of the body
  double event_ms = 0;              // between them
  double delay_ms = 0;
  Ending ending = Ending::kWhole;
  int model = -1;  // for Sent(); -1: nothing to count
  int case_index = -1;
};

// The pass decision and the words of a scripted model, apart from any protocol.
// A passing answer renders `expected`: text as it stands, other JSON as JSON.
std::string RightAnswer(const Case& c);
// Plausible but wrong: one value changed in a JSON answer, another case's text else. `salt` chooses.
std::string WrongAnswer(const suite::Suite& suite, std::size_t case_index, std::uint64_t salt);

// A draw in [0, 1) from its address.
double Draw(std::uint64_t seed, std::string_view model, std::string_view case_id, std::uint64_t call,
            std::string_view what);

class Script {
 public:
  static Result<std::unique_ptr<Script>> Make(const MockConfig& config);
  ~Script();

  Reply Handle(std::string_view method, std::string_view path, std::string_view authorization,
               std::string_view body);
  // The whole answer went to the client's socket.
  void Sent(const Reply& reply);
  std::string StatsJson() const;

 private:
  struct Model;
  struct Parser;
  Script();
  Reply Complete(std::string_view body);
  Model* FindModel(const std::string& name, int* index);
  static Reply FaultReply(Fault fault, const Faults& faults, const std::string& model);
  int FindCase(const std::vector<std::uint64_t>& messages, bool leading_system, std::uint64_t tools) const;

  MockConfig config_;
  suite::Suite suite_;
  bool scriptable_ = false;  // every case has an answer that can be rendered
  std::map<std::uint64_t, std::vector<int>> by_messages_;
  std::vector<std::uint64_t> tools_of_;
  std::unique_ptr<Parser> parser_;
  std::uint64_t next_id_ = 0;

  mutable std::mutex mutex_;  // the statistics and the list of models; StatsJson comes from another thread
  std::vector<std::unique_ptr<Model>> models_;
  std::map<std::string, std::int64_t> faults_sent_;
  std::int64_t requests_ = 0;
  std::int64_t answered_ = 0;
};

}  // namespace minslice::mock

#endif  // MINSLICE_MOCK_SCRIPT_H_
