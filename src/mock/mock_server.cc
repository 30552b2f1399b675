#include "mock/mock_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <queue>
#include <thread>
#include <unordered_map>

#include "mock/script.h"

namespace minslice::mock {
namespace {

constexpr std::size_t kMaxHead = std::size_t{64} * 1024;
constexpr std::size_t kMaxBody = std::size_t{64} * 1024 * 1024;

double NowMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

const char* ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

// A request as far as it is framed.
struct Framed {
  enum class State { kIncomplete, kWhole, kBad, kTooLarge };
  State state = State::kIncomplete;
  bool wants_continue = false;
  bool keep_alive = true;
  std::string method;
  std::string path;
  std::string authorization;
  std::string body;
  std::size_t consumed = 0;
};

// The chunks that start at `at`; kIncomplete until the last one is there.
void ReadChunks(std::string_view in, std::size_t at, Framed* framed) {
  while (true) {
    const std::size_t line_end = in.find("\r\n", at);
    if (line_end == std::string_view::npos) {
      if (in.size() - at > 1024) framed->state = Framed::State::kBad;
      return;
    }
    std::size_t size = 0;
    const char* last = in.data() + line_end;
    const auto [end, error] = std::from_chars(in.data() + at, last, size, 16);
    if (error != std::errc() || end == in.data() + at) {
      framed->state = Framed::State::kBad;
      return;
    }
    if (size > kMaxBody || framed->body.size() + size > kMaxBody) {
      framed->state = Framed::State::kTooLarge;
      return;
    }
    at = line_end + 2;
    if (size == 0) {  // trailers, then an empty line
      while (true) {
        const std::size_t trailer_end = in.find("\r\n", at);
        if (trailer_end == std::string_view::npos) return;
        const bool empty = trailer_end == at;
        at = trailer_end + 2;
        if (empty) break;
      }
      framed->consumed = at;
      framed->state = Framed::State::kWhole;
      return;
    }
    if (in.size() < at + size + 2) return;
    framed->body.append(in.substr(at, size));
    at += size + 2;
  }
}

Framed Frame(std::string_view in) {
  Framed framed;
  const std::size_t head_end = in.find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    if (in.size() > kMaxHead) framed.state = Framed::State::kBad;
    return framed;
  }
  std::string_view head = in.substr(0, head_end + 2);
  const std::size_t line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  head.remove_prefix(line_end + 2);
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
    framed.state = Framed::State::kBad;
    return framed;
  }
  framed.method = line.substr(0, first);
  framed.path = line.substr(first + 1, second - first - 1);
  framed.keep_alive = !line.ends_with("HTTP/1.0");
  std::size_t length = 0;
  bool chunked = false;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view header = head.substr(0, end);
    head.remove_prefix(end + 2);
    const std::size_t colon = header.find(':');
    if (colon == std::string_view::npos) {
      framed.state = Framed::State::kBad;
      return framed;
    }
    const std::string_view name = header.substr(0, colon);
    const std::string_view value = Trim(header.substr(colon + 1));
    if (EqualsIgnoringCase(name, "content-length")) {
      const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), length);
      if (error != std::errc() || rest != value.data() + value.size()) {
        framed.state = Framed::State::kBad;
        return framed;
      }
    } else if (EqualsIgnoringCase(name, "transfer-encoding")) {
      chunked = EqualsIgnoringCase(value, "chunked");
    } else if (EqualsIgnoringCase(name, "connection")) {
      if (EqualsIgnoringCase(value, "close")) framed.keep_alive = false;
      if (EqualsIgnoringCase(value, "keep-alive")) framed.keep_alive = true;
    } else if (EqualsIgnoringCase(name, "expect")) {
      framed.wants_continue = EqualsIgnoringCase(value, "100-continue");
    } else if (EqualsIgnoringCase(name, "authorization")) {
      framed.authorization = value;
    }
  }
  const std::size_t body = head_end + 4;
  if (chunked) {
    ReadChunks(in, body, &framed);
  } else if (length > kMaxBody) {
    framed.state = Framed::State::kTooLarge;
  } else if (in.size() >= body + length) {
    framed.body = in.substr(body, length);
    framed.consumed = body + length;
    framed.state = Framed::State::kWhole;
  }
  return framed;
}

struct Connection {
  int fd = -1;
  std::uint64_t id = 0;
  std::string in;
  std::string out;
  std::size_t out_sent = 0;
  bool waits = false;  // a reply is due later
  bool ended = false;  // the whole reply is in `out` or sent
  std::size_t next_event = 0;
  bool keep_alive = true;
  bool close_after = false;  // once `out` is sent
  bool continued = false;    // 100 Continue was sent for the request that is arriving
  bool wants_write = false;
  std::size_t need = 0;  // no use in framing again before `in` has this size
  Reply reply;
};

struct Timer {
  double due_ms = 0;
  int fd = -1;  // -1: listen again
  std::uint64_t id = 0;
  bool operator>(const Timer& other) const { return due_ms > other.due_ms; }
};

}  // namespace

class MockServer::Impl {
 public:
  explicit Impl(MockConfig config) : config_(std::move(config)) {}
  ~Impl() { Stop(); }

  Result<int> Start() {
    if (thread_.joinable()) return Fail("the mock is running already");
    Result<std::unique_ptr<Script>> script = Script::Make(config_);
    if (!script) return tl::unexpected(script.error());
    script_ = std::move(*script);

    listen_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (listen_ < 0 || epoll_ < 0 || wake_ < 0) {
      const std::string reason = std::strerror(errno);
      CloseAll();
      return FailInternal("the mock cannot open a socket: " + reason);
    }
    const int on = 1;
    setsockopt(listen_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(config_.port));
    if (bind(listen_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listen_, 4096) != 0) {
      const std::string reason = std::strerror(errno);
      CloseAll();
      return Fail("the mock cannot listen on 127.0.0.1:" + std::to_string(config_.port) + ": " + reason);
    }
    socklen_t size = sizeof address;
    getsockname(listen_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    Watch(listen_, EPOLLIN, EPOLL_CTL_ADD);
    Watch(wake_, EPOLLIN, EPOLL_CTL_ADD);
    stopping_ = false;
    thread_ = std::thread([this] { Loop(); });
    return port_;
  }

  void Stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    const std::uint64_t one = 1;
    if (write(wake_, &one, sizeof one) < 0) {
      // The loop looks at stopping_ at least every 100 ms.
    }
    thread_.join();
    CloseAll();
  }

  int port() const { return port_; }
  std::string StatsJson() const { return script_ == nullptr ? "{}" : script_->StatsJson(); }

 private:
  void Watch(int fd, std::uint32_t events, int operation) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll_, operation, fd, &event);
  }

  void CloseAll() {
    for (auto& [fd, connection] : connections_) close(fd);
    connections_.clear();
    for (int* fd : {&listen_, &epoll_, &wake_}) {
      if (*fd >= 0) close(*fd);
      *fd = -1;
    }
    timers_ = {};
  }

  void Loop() {
    std::vector<epoll_event> events(1024);
    while (!stopping_) {
      int wait_ms = 100;
      if (!timers_.empty()) {
        wait_ms = static_cast<int>(std::clamp(std::ceil(timers_.top().due_ms - NowMs()), 0.0, 100.0));
      }
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
      for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == wake_) continue;
        if (event.data.fd == listen_) {
          Accept();
          continue;
        }
        const auto found = connections_.find(event.data.fd);
        if (found == connections_.end()) continue;
        Connection& connection = *found->second;
        if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) {
          Close(connection);
        } else if ((event.events & EPOLLOUT) != 0 && !Flush(connection)) {
          continue;
        } else if ((event.events & EPOLLIN) != 0) {
          Read(connection);
        }
      }
      const double now = NowMs();
      while (!timers_.empty() && timers_.top().due_ms <= now) {
        const Timer timer = timers_.top();
        timers_.pop();
        if (timer.fd < 0) {
          Watch(listen_, EPOLLIN, EPOLL_CTL_ADD);
          continue;
        }
        const auto found = connections_.find(timer.fd);
        if (found != connections_.end() && found->second->id == timer.id && found->second->waits)
          Send(*found->second);
      }
    }
  }

  void Accept() {
    for (int i = 0; i < 256; ++i) {
      const int fd = accept4(listen_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE) {  // look again when some have been closed
          epoll_ctl(epoll_, EPOLL_CTL_DEL, listen_, nullptr);
          timers_.push({NowMs() + 20, -1, 0});
        }
        return;
      }
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto connection = std::make_unique<Connection>();
      connection->fd = fd;
      connection->id = ++next_connection_;
      connections_[fd] = std::move(connection);
      Watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void Close(Connection& connection) {
    const int fd = connection.fd;
    close(fd);
    connections_.erase(fd);
  }

  void Reset(Connection& connection) {
    const linger now{1, 0};
    setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    Close(connection);
  }

  void Read(Connection& connection) {
    char buffer[65536];
    while (true) {
      const ssize_t n = recv(connection.fd, buffer, sizeof buffer, 0);
      if (n > 0) {
        connection.in.append(buffer, static_cast<std::size_t>(n));
        if (connection.in.size() > kMaxHead + 2 * kMaxBody) return Close(connection);
        if (static_cast<std::size_t>(n) < sizeof buffer) break;
        continue;
      }
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (n < 0 && errno == EINTR) continue;
      return Close(connection);  // the client left: what was due to it is not sent
    }
    Process(connection);
  }

  void Process(Connection& connection) {
    if (connection.waits || !connection.out.empty() || connection.close_after) return;
    if (connection.in.empty() || connection.in.size() < connection.need) return;
    Framed framed = Frame(connection.in);
    switch (framed.state) {
      case Framed::State::kIncomplete:
        if (framed.wants_continue && !connection.continued) {
          connection.continued = true;
          constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
          if (send(connection.fd, kContinue.data(), kContinue.size(), MSG_NOSIGNAL) < 0) Close(connection);
        }
        return;
      case Framed::State::kBad:
      case Framed::State::kTooLarge:
        connection.reply = Reply{};
        connection.reply.status = framed.state == Framed::State::kBad ? 400 : 413;
        connection.reply.body =
            "{\"error\":{\"message\":\"The request cannot be read.\",\"type\":\"invalid_request_error\"}}";
        connection.keep_alive = false;
        return Send(connection);
      case Framed::State::kWhole:
        break;
    }
    connection.in.erase(0, framed.consumed);
    connection.continued = false;
    connection.keep_alive = framed.keep_alive;
    connection.ended = false;
    connection.next_event = 0;
    connection.reply = script_->Handle(framed.method, framed.path, framed.authorization, framed.body);
    if (connection.reply.delay_ms > 0) {
      connection.waits = true;
      timers_.push({NowMs() + connection.reply.delay_ms, connection.fd, connection.id});
      return;
    }
    Send(connection);
  }

  void Send(Connection& connection) {
    connection.waits = false;
    const Reply& reply = connection.reply;
    if (reply.ending == Reply::Ending::kReset) return Reset(connection);
    if (reply.ending == Reply::Ending::kStall) return Close(connection);
    if (!reply.events.empty()) return SendEvents(connection);
    if (reply.ending == Reply::Ending::kTruncate) connection.keep_alive = false;
    std::string& out = connection.out;
    out = "HTTP/1.1 " + std::to_string(reply.status) + " " + ReasonPhrase(reply.status) +
          "\r\ncontent-type: " + reply.content_type +
          "\r\ncontent-length: " + std::to_string(reply.body.size()) + "\r\n" + reply.headers +
          (connection.keep_alive ? "\r\n" : "connection: close\r\n\r\n");
    if (reply.ending == Reply::Ending::kTruncate) {
      out.append(reply.body, 0, reply.body.size() / 2);
    } else {
      out += reply.body;
    }
    connection.out_sent = 0;
    connection.ended = true;
    connection.close_after = !connection.keep_alive;
    if (Flush(connection)) Process(connection);
  }

  static void AppendChunk(const std::string& bytes, std::string& out) {
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
    out.append(size, end).append("\r\n").append(bytes).append("\r\n");
  }

  // The next event of a stream, or all that are left where they come without a pause.
  void SendEvents(Connection& connection) {
    const Reply& reply = connection.reply;
    const bool truncate = reply.ending == Reply::Ending::kTruncate;
    const std::size_t count = truncate ? reply.events.size() / 2 : reply.events.size();
    std::string& out = connection.out;
    if (connection.next_event == 0) {
      out = "HTTP/1.1 200 OK\r\ncontent-type: " + reply.content_type + "\r\ntransfer-encoding: chunked\r\n" +
            reply.headers + "\r\n";
      connection.out_sent = 0;
    }
    do {
      AppendChunk(reply.events[connection.next_event++], out);
    } while (reply.event_ms == 0 && connection.next_event < count);
    if (connection.next_event < count) {
      connection.waits = true;
      timers_.push({NowMs() + reply.event_ms, connection.fd, connection.id});
    } else {
      connection.ended = true;
      connection.close_after = truncate || !connection.keep_alive;
      if (!truncate) out += "0\r\n\r\n";
    }
    if (Flush(connection)) Process(connection);
  }

  // False if the connection is gone.
  bool Flush(Connection& connection) {
    while (connection.out_sent < connection.out.size()) {
      const ssize_t n = send(connection.fd, connection.out.data() + connection.out_sent,
                             connection.out.size() - connection.out_sent, MSG_NOSIGNAL);
      if (n > 0) {
        connection.out_sent += static_cast<std::size_t>(n);
      } else if (n < 0 && errno == EINTR) {
        continue;
      } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        if (!connection.wants_write) {
          connection.wants_write = true;
          Watch(connection.fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        }
        return true;
      } else {
        Close(connection);
        return false;
      }
    }
    if (connection.wants_write) {
      connection.wants_write = false;
      Watch(connection.fd, EPOLLIN, EPOLL_CTL_MOD);
    }
    if (!connection.out.empty()) {
      connection.out.clear();
      connection.out_sent = 0;
      if (connection.ended) script_->Sent(connection.reply);
    }
    if (connection.close_after) {
      Close(connection);
      return false;
    }
    return true;
  }

  MockConfig config_;
  std::unique_ptr<Script> script_;
  int listen_ = -1;
  int epoll_ = -1;
  int wake_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::uint64_t next_connection_ = 0;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::thread thread_;
};

MockServer::MockServer(MockConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
MockServer::~MockServer() = default;

Result<int> MockServer::Start() { return impl_->Start(); }
void MockServer::Stop() { impl_->Stop(); }
std::string MockServer::base_url() const {
  return "http://127.0.0.1:" + std::to_string(impl_->port()) + "/v1";
}
std::string MockServer::StatsJson() const { return impl_->StatsJson(); }

}  // namespace minslice::mock
