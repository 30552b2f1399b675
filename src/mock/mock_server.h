// An OpenAI-compatible provider with scripted models, latency and faults, on a thread of its own. One epoll
// loop keeps thousands of connections and delayed answers, and can do what a server library cannot: cut a
// body short, reset a connection, stay silent.
//   POST /v1/chat/completions   GET /v1/models   GET /mock/stats   GET /health
// A request finds its case by its messages, with and without a leading system message.
// Besides the configured models every server knows "mock-perfect" and "mock-<rate>", e.g. "mock-0.85".
#ifndef MINSLICE_MOCK_MOCK_SERVER_H_
#define MINSLICE_MOCK_MOCK_SERVER_H_

#include <memory>
#include <string>

#include "minslice/result.h"
#include "mock/mock_config.h"

namespace minslice::mock {

class MockServer {
 public:
  explicit MockServer(MockConfig config);
  ~MockServer();  // stops
  MockServer(const MockServer&) = delete;
  MockServer& operator=(const MockServer&) = delete;

  // Reads the suite and the files of outputs, listens, and serves from a thread of its own. Gives the port.
  Result<int> Start();
  void Stop();

  std::string base_url() const;  // "http://127.0.0.1:PORT/v1"
  // {"requests", "answered", "faults": {name: n}, "models": {name: {"requests", "answered", "cases": {id:
  // answered}}}}
  std::string StatsJson() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace minslice::mock

#endif  // MINSLICE_MOCK_MOCK_SERVER_H_
