// libcurl's multi interface on our own epoll loop. libcurl walks all connections of a multi handle for every
// new request (10,000 open ones cost it 0.9 ms a request), so the connections are spread over handles of at
// most kConnectionsPerMulti.
//
// What libcurl does on its own and cannot be told to leave: a request that finds its kept connection dead
// before a single byte came back is sent again on a fresh one.
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "http/client.h"
#include "http/lower.h"
#include "minslice/version.h"

namespace minslice::http {
namespace {

constexpr std::size_t kConnectionsPerMulti = 400;
constexpr std::size_t kMaxHeaderBytes = std::size_t{256} * 1024;

using SteadyClock = std::chrono::steady_clock;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now().time_since_epoch()).count();
}

// The request headers as libcurl wants them, built once for all requests that share them.
class HeaderList {
 public:
  explicit HeaderList(std::shared_ptr<const Headers> source) : source_(std::move(source)) {
    // Without this libcurl asks for leave (100-continue) before larger bodies and waits up to a second for
    // it.
    list_ = curl_slist_append(nullptr, "Expect:");
    if (source_ == nullptr) return;
    for (const Header& header : *source_) {
      // A header with an empty value is written "Name;".
      const std::string line = header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
      list_ = curl_slist_append(list_, line.c_str());
    }
  }
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  const Headers* source() const { return source_.get(); }
  curl_slist* list() const { return list_; }

 private:
  std::shared_ptr<const Headers> source_;
  curl_slist* list_ = nullptr;
};

// A request's own headers in front of the shared ones; the shared nodes stay those of the shared list.
class OwnHeaders {
 public:
  OwnHeaders(const Headers& own, curl_slist* shared) {
    for (const Header& header : own)
      list_ = curl_slist_append(list_, (header.name + ": " + header.value).c_str());
    for (last_ = list_; last_ != nullptr && last_->next != nullptr;) last_ = last_->next;
    if (last_ != nullptr) last_->next = shared;
  }
  ~OwnHeaders() {
    if (last_ != nullptr) last_->next = nullptr;
    curl_slist_free_all(list_);
  }
  OwnHeaders(const OwnHeaders&) = delete;
  OwnHeaders& operator=(const OwnHeaders&) = delete;

  curl_slist* list() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
  curl_slist* last_ = nullptr;
};

class CurlClient;

struct Shard {
  CURLM* multi = nullptr;
  CurlClient* client = nullptr;
  std::size_t index = 0;
  std::int64_t timer_ms = -1;  // when libcurl wants to be called; -1: not at all
  std::size_t in_flight = 0;
};

struct Exchange {
  CURL* easy = nullptr;
  Shard* shard = nullptr;
  const ClientOptions* options = nullptr;
  Request request;
  Response response;
  std::shared_ptr<const HeaderList> headers;
  std::unique_ptr<OwnHeaders> own_headers;
  std::string url;  // the one that is set on the handle
  SteadyClock::time_point submitted;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool active = false;
  std::array<char, CURL_ERROR_SIZE> error{};
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  const std::size_t n = size * count;
  if (exchange->response.body.size() + n > exchange->options->max_response_bytes) {
    exchange->too_large = true;
    return 0;
  }
  exchange->response.body.append(data, n);
  if (exchange->request.arrivals) {
    const std::chrono::duration<double, std::milli> passed = SteadyClock::now() - exchange->submitted;
    exchange->response.arrivals.push_back({exchange->response.body.size(), passed.count()});
  }
  return n;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  const std::size_t n = size * count;
  std::string_view line(data, n);
  if (line.starts_with("HTTP/")) {  // a new response: what a 1xx or a proxy's CONNECT said before is over
    exchange->response.headers.clear();
    return n;
  }
  exchange->header_bytes += n;
  if (exchange->header_bytes > kMaxHeaderBytes) {
    exchange->too_large = true;
    return 0;
  }
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' '))
    line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return n;
  Header header;
  header.name.assign(line.substr(0, colon));
  std::transform(header.name.begin(), header.name.end(), header.name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  line.remove_prefix(colon + 1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  header.value.assign(line);
  exchange->response.headers.push_back(std::move(header));
  return n;
}

bool StartsWithAny(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view p) { return text.starts_with(p); });
}

class CurlClient : public Client {
 public:
  explicit CurlClient(const ClientOptions& options) : options_(options) {}

  ~CurlClient() override {
    CancelAll();
    for (const std::unique_ptr<Exchange>& exchange : exchanges_) curl_easy_cleanup(exchange->easy);
    for (const std::unique_ptr<Shard>& shard : shards_) curl_multi_cleanup(shard->multi);
    if (share_ != nullptr) curl_share_cleanup(share_);
    if (epoll_ >= 0) close(epoll_);
  }

  Result<void> Init() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
      return FailInternal(std::string("cannot create an epoll descriptor: ") + std::strerror(errno));
    share_ = curl_share_init();
    if (share_ == nullptr) return FailInternal("libcurl: no memory");
    curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    const std::size_t connections = std::max<std::size_t>(options_.max_connections, 1);
    const std::size_t count = (connections + kConnectionsPerMulti - 1) / kConnectionsPerMulti;
    for (std::size_t i = 0; i < count; ++i) {
      auto shard = std::make_unique<Shard>();
      shard->client = this;
      shard->index = i;
      shard->multi = curl_multi_init();
      if (shard->multi == nullptr) return FailInternal("libcurl: no memory");
      // The default keeps 4 x the handles and evicts warm connections when fewer handles are in use.
      const auto kept = static_cast<long>((connections + count - 1) / count);  // NOLINT(google-runtime-int)
      curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, kept);
      curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, &CurlClient::OnSocket);
      curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard.get());
      curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, &CurlClient::OnTimer);
      curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard.get());
      shards_.push_back(std::move(shard));
    }
    events_.resize(1024);
    return {};
  }

  void Submit(Request request) override {
    Shard* shard = shards_.front().get();
    for (const std::unique_ptr<Shard>& other : shards_) {
      if (other->in_flight < shard->in_flight) shard = other.get();
    }
    Exchange* exchange = Acquire();
    exchange->shard = shard;
    exchange->request = std::move(request);
    exchange->response = Response{};
    exchange->response.tag = exchange->request.tag;
    if (exchange->request.arrivals) exchange->submitted = SteadyClock::now();
    exchange->header_bytes = 0;
    exchange->too_large = false;
    exchange->active = true;
    exchange->error[0] = '\0';
    ++in_flight_;

    CURL* easy = exchange->easy;
    const Request& r = exchange->request;
    if (exchange->url != r.url) {
      exchange->url = r.url;
      curl_easy_setopt(easy, CURLOPT_URL, r.url.c_str());
      const Result<Url> url = ParseUrl(r.url);
      // nullptr: as the environment says (http_proxy, https_proxy, no_proxy). A proxy never stands before
      // loopback.
      curl_easy_setopt(easy, CURLOPT_PROXY, url && url->IsLoopback() ? "" : nullptr);
    }
    if (headers_ == nullptr || headers_->source() != r.headers.get())
      headers_ = std::make_shared<HeaderList>(r.headers);
    exchange->headers = headers_;
    curl_slist* list = headers_->list();
    if (!r.own_headers.empty()) {
      exchange->own_headers = std::make_unique<OwnHeaders>(r.own_headers, list);
      list = exchange->own_headers->list();
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    if (r.method == "GET") {
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r.body.c_str());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(r.body.size()));
    }
    const double timeout_ms = std::clamp(r.timeout_s * 1000, 1.0, 1e9);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));  // NOLINT(google-runtime-int)
    ++shard->in_flight;
    const CURLMcode code = curl_multi_add_handle(shard->multi, easy);
    if (code != CURLM_OK) {
      exchange->response.error = TransportError::kOther;
      exchange->response.error_text = curl_multi_strerror(code);
      failed_.push_back(exchange);
    }
  }

  void Poll(double timeout_s, const CompletionHandler& on_done) override {
    // Exchanges that libcurl refused to start.
    while (!failed_.empty()) {
      Exchange* exchange = failed_.back();
      failed_.pop_back();
      Finish(exchange, on_done);
      timeout_s = 0;
    }
    std::int64_t wait_ms = static_cast<std::int64_t>(std::ceil(std::clamp(timeout_s, 0.0, 3600.0) * 1000));
    std::int64_t now = NowMs();
    for (const std::unique_ptr<Shard>& shard : shards_) {
      if (shard->timer_ms >= 0) wait_ms = std::clamp<std::int64_t>(shard->timer_ms - now, 0, wait_ms);
    }
    const int ready =
        epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), static_cast<int>(wait_ms));
    int running = 0;
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      const auto fd = static_cast<curl_socket_t>(event.data.u64 & 0xffffffffU);
      Shard* shard = shards_[event.data.u64 >> 32].get();
      int mask = 0;
      if ((event.events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
      if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
      curl_multi_socket_action(shard->multi, fd, mask, &running);
    }
    now = NowMs();
    for (const std::unique_ptr<Shard>& shard : shards_) {
      if (shard->timer_ms >= 0 && shard->timer_ms <= now) {
        shard->timer_ms = -1;
        curl_multi_socket_action(shard->multi, CURL_SOCKET_TIMEOUT, 0, &running);
      }
    }
    for (const std::unique_ptr<Shard>& shard : shards_) Collect(shard.get());
    // The handler may submit, which must not happen while libcurl's message queue is being read.
    std::vector<Exchange*> done;
    done.swap(done_);
    const std::uint64_t cancelled = cancelled_;
    for (Exchange* exchange : done) {
      if (cancelled != cancelled_) break;  // the handler gave up: what was finished is gone too
      Finish(exchange, on_done);
    }
    done.clear();
    if (done_.empty()) done_.swap(done);  // keeps the capacity
  }

  std::size_t in_flight() const override { return in_flight_; }

  void CancelAll() override {
    ++cancelled_;
    failed_.clear();
    done_.clear();
    for (const std::unique_ptr<Exchange>& exchange : exchanges_) {
      if (!exchange->active) continue;
      curl_multi_remove_handle(exchange->shard->multi, exchange->easy);
      Release(exchange.get());
    }
  }

 private:
  Exchange* Acquire() {
    if (!idle_.empty()) {
      Exchange* exchange = idle_.back();
      idle_.pop_back();
      return exchange;
    }
    auto owned = std::make_unique<Exchange>();
    Exchange* exchange = owned.get();
    exchange->options = &options_;
    exchange->easy = curl_easy_init();
    CURL* easy = exchange->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_SHARE, share_);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    // One lost HTTP/2 connection would fail a hundred requests at once.
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, (std::string("minslice/") + kVersion).c_str());
    const double connect_ms = std::clamp(options_.connect_timeout_s * 1000, 1.0, 1e9);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(connect_ms));  // NOLINT(google-runtime-int)
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));  // NOLINT
#endif
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    // libcurl leaves this to its command-line tool; behind a company's own authority it is needed here too.
    if (const char* roots = std::getenv("SSL_CERT_FILE"); roots != nullptr && *roots != '\0') {
      curl_easy_setopt(easy, CURLOPT_CAINFO, roots);
    }
    exchanges_.push_back(std::move(owned));
    return exchange;
  }

  void Release(Exchange* exchange) {
    exchange->active = false;
    --exchange->shard->in_flight;
    --in_flight_;
    exchange->own_headers.reset();  // before the list that it leans on
    exchange->headers.reset();
    idle_.push_back(exchange);
  }

  // Takes the finished exchanges of one handle off libcurl.
  void Collect(Shard* shard) {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(shard->multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      char* pointer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
      auto* exchange = reinterpret_cast<Exchange*>(pointer);
      const CURLcode code = message->data.result;  // the message dies with remove_handle
      long status = 0;                             // NOLINT(google-runtime-int)
      curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
      exchange->response.status = static_cast<int>(status);
      curl_off_t us = 0;
      if (curl_easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME_T, &us) == CURLE_OK) {
        exchange->response.latency_ms = static_cast<double>(us) / 1000;
      }
      // The times of the parts count from Submit; the whole is not shorter than they are.
      if (!exchange->response.arrivals.empty()) {
        exchange->response.latency_ms =
            std::max(exchange->response.latency_ms, exchange->response.arrivals.back().at_ms);
      }
      if (curl_easy_getinfo(exchange->easy, CURLINFO_CONNECT_TIME_T, &us) == CURLE_OK) {
        exchange->response.connect_ms = static_cast<double>(us) / 1000;
      }
      if (curl_easy_getinfo(exchange->easy, CURLINFO_STARTTRANSFER_TIME_T, &us) == CURLE_OK) {
        exchange->response.first_byte_ms = static_cast<double>(us) / 1000;
      }
      if (code != CURLE_OK) Explain(exchange, code);
      curl_multi_remove_handle(shard->multi, exchange->easy);
      done_.push_back(exchange);
    }
  }

  // Frees the exchange before the handler runs, so that what the handler submits reuses it and its
  // connection.
  void Finish(Exchange* exchange, const CompletionHandler& on_done) {
    Response response = std::move(exchange->response);
    Release(exchange);
    on_done(std::move(response));
  }

  static void Explain(Exchange* exchange, CURLcode code) {
    Response& response = exchange->response;
    const std::string_view detail(exchange->error.data());
    long os_error = 0;  // NOLINT(google-runtime-int)
    curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &os_error);
    const std::string reason =
        os_error != 0 ? Lower(std::strerror(static_cast<int>(os_error))) : std::string();
    const auto set = [&](TransportError error, std::string text) {
      response.error = error;
      response.error_text = std::move(text);
    };
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        set(TransportError::kResolve, "host not found");
        break;
      case CURLE_COULDNT_RESOLVE_PROXY:
        set(TransportError::kResolve, "proxy host not found");
        break;
      case CURLE_COULDNT_CONNECT:
        set(TransportError::kConnect, reason.empty() ? "cannot connect" : reason);
        break;
      case CURLE_OPERATION_TIMEDOUT:
        if (StartsWithAny(detail, {"Connection time", "Failed to connect", "Resolving timed out",
                                   "SSL connection timeout"})) {
          set(TransportError::kConnect, "no connection within the connect timeout");
        } else {
          set(TransportError::kTimeout,
              response.status == 0 ? "no answer within the timeout" : "no whole answer within the timeout");
        }
        break;
      case CURLE_GOT_NOTHING:
        set(TransportError::kReset, "connection closed without an answer");
        break;
      case CURLE_SEND_ERROR:
      case CURLE_RECV_ERROR:
        if (response.status != 0) {
          set(TransportError::kTruncated, "connection broke in the middle of the answer");
        } else {
          set(TransportError::kReset, reason.empty() ? "connection broke before an answer" : reason);
        }
        break;
      case CURLE_PARTIAL_FILE:
        set(TransportError::kTruncated, "answer cut short");
        break;
      case CURLE_WRITE_ERROR:
        set(exchange->too_large ? TransportError::kTooLarge : TransportError::kOther,
            exchange->too_large ? "answer larger than the limit" : "answer could not be kept");
        break;
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CERTPROBLEM:
      case CURLE_SSL_CIPHER:
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_SSL_ISSUER_ERROR:
      case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      case CURLE_SSL_INVALIDCERTSTATUS:
        set(TransportError::kTls, detail.empty() ? curl_easy_strerror(code) : std::string(detail));
        break;
      default:
        set(TransportError::kOther, Lower(curl_easy_strerror(code)));
        break;
    }
  }

  static int OnSocket(CURL*, curl_socket_t fd, int what, void* user, void* known) {
    auto* shard = static_cast<Shard*>(user);
    const int epoll = shard->client->epoll_;
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(epoll, EPOLL_CTL_DEL, fd,
                nullptr);  // fails when the socket is closed already: nothing to do then
      curl_multi_assign(shard->multi, fd, nullptr);
      return 0;
    }
    epoll_event event{};
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    event.data.u64 = (static_cast<std::uint64_t>(shard->index) << 32) | static_cast<std::uint32_t>(fd);
    const int first = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(epoll, first, fd, &event) != 0) {
      epoll_ctl(epoll, first == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    }
    if (known == nullptr) curl_multi_assign(shard->multi, fd, shard);
    return 0;
  }

  static int OnTimer(CURLM*, long timeout_ms, void* user) {  // NOLINT(google-runtime-int)
    auto* shard = static_cast<Shard*>(user);
    shard->timer_ms = timeout_ms < 0 ? -1 : NowMs() + timeout_ms;
    return 0;
  }

  ClientOptions options_;
  int epoll_ = -1;
  CURLSH* share_ = nullptr;
  std::size_t in_flight_ = 0;
  std::uint64_t cancelled_ = 0;  // how often CancelAll was called
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<Exchange*> idle_;
  std::vector<Exchange*> done_;
  std::vector<Exchange*> failed_;
  std::vector<epoll_event> events_;
  std::shared_ptr<const HeaderList> headers_;
};

}  // namespace

Result<std::unique_ptr<Client>> MakeCurlClient(const ClientOptions& options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);  // thread-safe as a local static
  if (global != CURLE_OK) return FailInternal(std::string("libcurl: ") + curl_easy_strerror(global));
  auto client = std::make_unique<CurlClient>(options);
  if (Result<void> ready = client->Init(); !ready) return tl::unexpected(ready.error());
  return client;
}

}  // namespace minslice::http
