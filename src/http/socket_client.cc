// HTTP/1.1 over plain TCP on one epoll loop, for http:// at an address or localhost: what local gateways and
// mocks are asked by. libcurl costs 29 % of a run's CPU there and 16 KiB a request in flight; the rest
// (names, https, proxies) stays with it.
//
// As libcurl does, a request that finds its kept connection dead before a single byte came back is sent again
// on a fresh one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

#include "http/client.h"
#include "http/lower.h"
#include "http/response_parser.h"
#include "minslice/version.h"

namespace minslice::http {
namespace {

using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;

constexpr std::size_t kHeads = 8;
constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

std::string Reason(int error) { return Lower(std::strerror(error)); }

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

std::optional<Address> ReadAddress(const std::string& host, int port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.bytes);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.bytes);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof *v4;
    return address;
  }
  if (host.size() > 2 && host.front() == '[' &&
      inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof *v6;
    return address;
  }
  return std::nullopt;
}

// Where the requests of one address go, and the connections to it that are free.
struct Origin {
  std::vector<Address> addresses;  // tried in this order
  std::vector<std::size_t> idle;   // connections; the last one was used last
  std::string host;                // of the Host header
};

// The part of a request's head that many share.
struct Head {
  std::string url;
  std::shared_ptr<const Headers> headers;
  std::string method;
  Origin* origin = nullptr;
  std::string text;
};

struct Exchange {
  Request request;
  Response response;
  std::shared_ptr<const Head> head;
  std::string rest;      // of the head: what is this request's alone
  std::size_t sent = 0;  // bytes of head, rest and body
  ResponseParser parser;
  TimePoint submitted;
  std::multimap<TimePoint, Exchange*>::iterator deadline;
  std::size_t connection = 0;
  std::size_t address = 0;  // the one that is tried
  bool connected = false;
  bool heard = false;  // a byte of the response has come
  bool active = false;
};

struct Connection {
  int fd = -1;
  std::uint32_t events = 0;  // that epoll watches
  Origin* origin = nullptr;
  Exchange* exchange = nullptr;  // null: idle
  bool used = false;             // carried an exchange before this one
  std::uint32_t serial = 0;      // of the connections that had this place
};

class SocketClient final : public Client {
 public:
  explicit SocketClient(const ClientOptions& options) : options_(options), buffer_(kReadBytes, '\0') {}

  ~SocketClient() override {
    CancelAll();
    for (Connection& connection : connections_) {
      if (connection.fd >= 0) close(connection.fd);
    }
    if (epoll_ >= 0) close(epoll_);
  }
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  Result<void> Init() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return FailInternal("cannot create an epoll descriptor: " + Reason(errno));
    events_.resize(1024);
    return {};
  }

  void Submit(Request request) override {
    Exchange* exchange = Acquire();
    exchange->request = std::move(request);
    exchange->response.tag = exchange->request.tag;
    exchange->submitted = SteadyClock::now();
    exchange->active = true;
    ++in_flight_;
    exchange->deadline = deadlines_.emplace(Due(*exchange), exchange);
    const Result<std::shared_ptr<const Head>> head = HeadOf(exchange->request);
    if (!head) return Fail(exchange, TransportError::kOther, head.error().diagnostics[0].message);
    exchange->head = *head;
    for (const Header& header : exchange->request.own_headers)
      exchange->rest += header.name + ": " + header.value + "\r\n";
    if (exchange->request.method != "GET")
      exchange->rest += "Content-Length: " + std::to_string(exchange->request.body.size()) + "\r\n";
    exchange->rest += "\r\n";
    Place(exchange);
  }

  void Poll(double timeout_s, const CompletionHandler& on_done) override {
    double wait_s = done_.empty() ? std::clamp(timeout_s, 0.0, 3600.0) : 0;
    if (!deadlines_.empty()) {
      const std::chrono::duration<double> left = deadlines_.begin()->first - SteadyClock::now();
      wait_s = std::clamp(left.count(), 0.0, wait_s);
    }
    const int ready = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()),
                                 static_cast<int>(std::ceil(wait_s * 1000)));
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      const std::size_t index = event.data.u64 & 0xffffffffU;
      Connection& connection = connections_[index];
      // It may have been closed in this turn, and its place taken by another one.
      if (connection.fd < 0 || connection.serial != event.data.u64 >> 32) continue;
      OnEvent(index, event.events);
    }
    while (!deadlines_.empty() && deadlines_.begin()->first <= SteadyClock::now()) OnDeadline();
    // The handler may submit, and what it submits may be done at once.
    std::vector<Exchange*> done;
    done.swap(done_);
    const std::uint64_t cancelled = cancelled_;
    for (Exchange* exchange : done) {
      if (cancelled != cancelled_) break;  // the handler gave up: what was finished is gone too
      Response response = std::move(exchange->response);
      Release(exchange);
      on_done(std::move(response));
    }
    done.clear();
    if (done_.empty()) done_.swap(done);  // keeps the capacity
  }

  std::size_t in_flight() const override { return in_flight_; }

  void CancelAll() override {
    ++cancelled_;
    done_.clear();
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (connections_[i].exchange != nullptr) Close(i);
    }
    for (const std::unique_ptr<Exchange>& exchange : exchanges_) {
      if (exchange->active) Release(exchange.get());
    }
    deadlines_.clear();
  }

 private:
  static SteadyClock::duration Seconds(double seconds) {
    return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
  }
  static double Ms(SteadyClock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
  }

  Exchange* Acquire() {
    if (free_.empty()) {
      exchanges_.push_back(std::make_unique<Exchange>());
      free_.push_back(exchanges_.back().get());
    }
    Exchange* exchange = free_.back();
    free_.pop_back();
    return exchange;
  }

  void Release(Exchange* exchange) {
    *exchange = Exchange();
    --in_flight_;
    free_.push_back(exchange);
  }

  Result<std::shared_ptr<const Head>> HeadOf(const Request& request) {
    for (const std::shared_ptr<const Head>& head : heads_) {
      if (head->headers == request.headers && head->url == request.url && head->method == request.method)
        return head;
    }
    Result<Url> url = ParseUrl(request.url);
    if (!url) return tl::unexpected(url.error());
    if (!IsPlainAddress(*url)) return minslice::Fail("no http:// at an address or localhost");
    auto head = std::make_shared<Head>();
    head->url = request.url;
    head->headers = request.headers;
    head->method = request.method;
    const int port = url->port == 0 ? 80 : url->port;
    const std::string name = url->host + ":" + std::to_string(port);
    Origin& origin = origins_[name];
    if (origin.addresses.empty()) {
      const bool by_name = url->host == "localhost";
      for (const std::string& host :
           by_name ? std::vector<std::string>{"127.0.0.1", "[::1]"} : std::vector<std::string>{url->host}) {
        if (const std::optional<Address> address = ReadAddress(host, port))
          origin.addresses.push_back(*address);
      }
      origin.host = url->port == 0 ? url->host : name;
    }
    head->origin = &origin;
    std::string path = url->path.substr(0, url->path.find('#'));
    if (!path.starts_with('/')) path.insert(0, "/");
    head->text = request.method + " " + path + " HTTP/1.1\r\n";
    static const Headers kNone;
    const Headers& headers = request.headers == nullptr ? kNone : *request.headers;
    for (const Header& own : Headers{
             {"Host", origin.host}, {"User-Agent", std::string("minslice/") + kVersion}, {"Accept", "*/*"}}) {
      const bool given = std::any_of(headers.begin(), headers.end(),
                                     [&](const Header& h) { return Lower(h.name) == Lower(own.name); });
      if (!given) head->text += own.name + ": " + own.value + "\r\n";
    }
    for (const Header& header : headers) head->text += header.name + ": " + header.value + "\r\n";
    if (heads_.size() == kHeads) heads_.erase(heads_.begin());
    heads_.push_back(std::move(head));
    return heads_.back();
  }

  // On a connection that is free, or a new one.
  void Place(Exchange* exchange) {
    std::vector<std::size_t>& idle = exchange->head->origin->idle;
    if (idle.empty()) return Connect(exchange);
    const std::size_t index = idle.back();
    idle.pop_back();
    connections_[index].exchange = exchange;
    connections_[index].used = true;
    exchange->connection = index;
    exchange->connected = true;
    exchange->parser.Start(options_.max_response_bytes);
    Write(index);
  }

  void Connect(Exchange* exchange) {
    const Address& address = exchange->head->origin->addresses[exchange->address];
    const int fd = socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return Fail(exchange, TransportError::kConnect, Reason(errno));
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    std::size_t index = connections_.size();
    if (closed_.empty()) {
      connections_.emplace_back();
    } else {
      index = closed_.back();
      closed_.pop_back();
    }
    Connection& connection = connections_[index];
    connection.fd = fd;
    connection.origin = exchange->head->origin;
    connection.exchange = exchange;
    exchange->connection = index;
    exchange->connected = false;
    exchange->parser.Start(options_.max_response_bytes);
    Reschedule(exchange, std::min(Due(*exchange), SteadyClock::now() + Seconds(options_.connect_timeout_s)));
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0)
      return OnConnected(index);
    if (errno != EINPROGRESS) return NotConnected(index, errno);
    Watch(index, EPOLLOUT);
  }

  void OnConnected(std::size_t index) {
    Exchange* exchange = connections_[index].exchange;
    exchange->connected = true;
    exchange->response.connect_ms = Ms(SteadyClock::now() - exchange->submitted);
    Reschedule(exchange, Due(*exchange));
    Write(index);
  }

  void NotConnected(std::size_t index, int error) {
    Exchange* exchange = connections_[index].exchange;
    Close(index);
    if (++exchange->address < exchange->head->origin->addresses.size()) return Connect(exchange);
    Fail(exchange, TransportError::kConnect, Reason(error));
  }

  // When there must have been a whole answer.
  static TimePoint Due(const Exchange& exchange) {
    return exchange.submitted + Seconds(std::clamp(exchange.request.timeout_s, 0.001, 1e6));
  }

  void Reschedule(Exchange* exchange, TimePoint when) {
    deadlines_.erase(exchange->deadline);
    exchange->deadline = deadlines_.emplace(when, exchange);
  }

  void Watch(std::size_t index, std::uint32_t events) {
    Connection& connection = connections_[index];
    if (connection.events == events) return;
    epoll_event event{};
    event.events = events;
    event.data.u64 = (std::uint64_t{connection.serial} << 32) | index;
    epoll_ctl(epoll_, connection.events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.fd, &event);
    connection.events = events;
  }

  void Write(std::size_t index) {
    Connection& connection = connections_[index];
    Exchange* exchange = connection.exchange;
    const std::array<std::string_view, 3> parts = {exchange->head->text, exchange->rest,
                                                   exchange->request.body};
    const std::size_t all = parts[0].size() + parts[1].size() + parts[2].size();
    while (exchange->sent < all) {
      std::array<iovec, 3> pieces{};
      std::size_t n = 0;
      std::size_t skip = exchange->sent;
      for (const std::string_view part : parts) {
        if (skip < part.size()) {
          pieces[n].iov_base = const_cast<char*>(part.data() + skip);
          pieces[n++].iov_len = part.size() - skip;
        }
        skip -= std::min(skip, part.size());
      }
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = n;
      const ssize_t wrote = sendmsg(connection.fd, &message, MSG_NOSIGNAL);
      if (wrote >= 0) {
        exchange->sent += static_cast<std::size_t>(wrote);
        continue;
      }
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return Watch(index, EPOLLIN | EPOLLOUT);
      const int error = errno;
      // The server may have answered before it had read everything: what it said counts.
      if ((error == EPIPE || error == ECONNRESET) && !Read(index)) return;
      return Broke(index, error);
    }
    Watch(index, EPOLLIN);
  }

  void OnEvent(std::size_t index, std::uint32_t events) {
    Connection& connection = connections_[index];
    if (connection.exchange == nullptr) {
      // The server closes what was kept, or says something that nobody asked for.
      std::erase(connection.origin->idle, index);
      return Close(index);
    }
    if (!connection.exchange->connected) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return NotConnected(index, error);
      if ((events & EPOLLOUT) != 0) OnConnected(index);
      return;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !Read(index)) return;
    if ((events & EPOLLOUT) != 0) Write(index);
  }

  // True where the exchange goes on, on this connection.
  bool Read(std::size_t index) {
    Connection& connection = connections_[index];
    Exchange* exchange = connection.exchange;
    const ssize_t got = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
    if (got <= 0) {
      if (got == 0 && exchange->parser.Close()) {
        Finish(index);
      } else {
        Broke(index, got == 0 ? 0 : errno);
      }
      return false;
    }
    const double at_ms = Ms(SteadyClock::now() - exchange->submitted);
    if (!exchange->heard) {
      exchange->heard = true;
      exchange->response.first_byte_ms = at_ms;
    }
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    const std::size_t before = exchange->response.body.size();
    const std::size_t taken = exchange->parser.Feed(bytes, exchange->response);
    if (exchange->request.arrivals && exchange->response.body.size() > before)
      exchange->response.arrivals.push_back({exchange->response.body.size(), at_ms});
    if (!exchange->parser.ended()) return true;
    exchange->response.latency_ms = at_ms;
    const bool whole = exchange->parser.state() == ResponseParser::State::kDone;
    if (whole && taken == bytes.size() && exchange->parser.keep() && AllSent(*exchange)) {
      connection.exchange = nullptr;
      Watch(index, EPOLLIN);
      connection.origin->idle.push_back(index);
      Done(exchange);
    } else if (whole) {
      Finish(index);
    } else {
      Close(index);
      const bool large = exchange->parser.state() == ResponseParser::State::kTooLarge;
      Fail(exchange, large ? TransportError::kTooLarge : TransportError::kOther,
           large ? "answer larger than the limit" : "the answer is no HTTP/1.1");
    }
    return false;
  }

  static bool AllSent(const Exchange& exchange) {
    return exchange.sent == exchange.head->text.size() + exchange.rest.size() + exchange.request.body.size();
  }

  // The response is whole and the connection of no more use.
  void Finish(std::size_t index) {
    Exchange* exchange = connections_[index].exchange;
    exchange->response.latency_ms = Ms(SteadyClock::now() - exchange->submitted);
    Close(index);
    Done(exchange);
  }

  // The connection ended (error 0) or failed in the middle of an exchange.
  void Broke(std::size_t index, int error) {
    Exchange* exchange = connections_[index].exchange;
    const bool stale = connections_[index].used && !exchange->heard;
    Close(index);
    if (stale) {
      exchange->sent = 0;
      exchange->address = 0;
      return Connect(exchange);
    }
    if (exchange->response.status != 0) {
      const bool in_body = error == 0;
      return Fail(exchange, TransportError::kTruncated,
                  in_body ? "answer cut short" : "connection broke in the middle of the answer");
    }
    Fail(exchange, TransportError::kReset,
         error == 0 ? "connection closed without an answer" : Reason(error));
  }

  void OnDeadline() {
    Exchange* exchange = deadlines_.begin()->second;
    Close(exchange->connection);
    if (!exchange->connected) {
      return Fail(exchange, TransportError::kConnect, "no connection within the connect timeout");
    }
    Fail(exchange, TransportError::kTimeout,
         exchange->response.status == 0 ? "no answer within the timeout"
                                        : "no whole answer within the timeout");
  }

  void Close(std::size_t index) {
    Connection& connection = connections_[index];
    close(connection.fd);  // epoll forgets it
    const std::uint32_t serial = connection.serial + 1;
    connection = Connection();
    connection.serial = serial;
    closed_.push_back(index);
  }

  void Fail(Exchange* exchange, TransportError error, std::string text) {
    exchange->response.error = error;
    exchange->response.error_text = std::move(text);
    exchange->response.latency_ms = Ms(SteadyClock::now() - exchange->submitted);
    Done(exchange);
  }

  void Done(Exchange* exchange) {
    deadlines_.erase(exchange->deadline);
    done_.push_back(exchange);
  }

  ClientOptions options_;
  int epoll_ = -1;
  std::size_t in_flight_ = 0;
  std::uint64_t cancelled_ = 0;  // how often CancelAll was called
  std::map<std::string, Origin> origins_;
  std::vector<std::shared_ptr<const Head>> heads_;  // the last ones that were made
  std::vector<Connection> connections_;
  std::vector<std::size_t> closed_;  // places in connections_
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<Exchange*> free_;
  std::vector<Exchange*> done_;
  std::multimap<TimePoint, Exchange*> deadlines_;
  std::vector<epoll_event> events_;
  std::string buffer_;
};

}  // namespace

bool IsPlainAddress(const Url& url) {
  return url.scheme == "http" && (url.host == "localhost" || ReadAddress(url.host, 80).has_value());
}

Result<std::unique_ptr<Client>> MakeSocketClient(const ClientOptions& options) {
  auto client = std::make_unique<SocketClient>(options);
  if (Result<void> ready = client->Init(); !ready) return tl::unexpected(ready.error());
  return client;
}

Result<std::unique_ptr<Client>> MakeClientFor(const std::string& base_url, const ClientOptions& options) {
  const Result<Url> url = ParseUrl(base_url);
  if (!url || !IsPlainAddress(*url)) return MakeCurlClient(options);
  // libcurl reads the variables that name a proxy; it is never between us and loopback.
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  if (!url->IsLoopback() && (set("http_proxy") || set("all_proxy") || set("ALL_PROXY")))
    return MakeCurlClient(options);
  return MakeSocketClient(options);
}

}  // namespace minslice::http
