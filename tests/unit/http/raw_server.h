// A server for tests that answers with exactly the bytes it is told to, one thread a connection.
#ifndef MINSLICE_TESTS_UNIT_HTTP_RAW_SERVER_H_
#define MINSLICE_TESTS_UNIT_HTTP_RAW_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace minslice::http {

class RawServer {
 public:
  enum class Then { kKeep, kClose, kReset, kSilence };
  struct Answer {
    std::string bytes;
    Then then = Then::kKeep;
  };
  // From the whole request (head and body) to the bytes of the answer.
  using Handler = std::function<Answer(const std::string& request)>;

  explicit RawServer(Handler handler) : handler_(std::move(handler)) {
    listen_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listen_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listen_, 512) != 0)
      return;
    socklen_t size = sizeof address;
    getsockname(listen_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~RawServer() {
    stop_ = true;
    if (acceptor_.joinable()) acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    close(listen_);
  }

  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int port() const { return port_; }
  int connections() const { return connections_; }
  std::vector<std::string> requests() {
    std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

  static std::string Ok(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  bool WaitReadable(int fd) const {
    while (!stop_) {
      pollfd p{fd, POLLIN, 0};
      if (poll(&p, 1, 20) > 0) return true;
    }
    return false;
  }

  void Accept() {
    while (WaitReadable(listen_)) {
      const int fd = accept(listen_, nullptr, nullptr);
      if (fd < 0) continue;
      ++connections_;
      threads_.emplace_back([this, fd] { Serve(fd); });
    }
  }

  void Serve(int fd) {
    std::string in;
    char buffer[65536];
    while (WaitReadable(fd)) {
      const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      in.append(buffer, static_cast<std::size_t>(n));
      const std::size_t head = in.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      std::size_t length = 0;
      const std::size_t field = in.find("Content-Length: ");
      if (field != std::string::npos && field < head) length = std::stoul(in.substr(field + 16));
      if (in.size() < head + 4 + length) continue;
      const std::string request = in.substr(0, head + 4 + length);
      in.erase(0, request.size());
      {
        std::lock_guard<std::mutex> lock(mutex_);
        requests_.push_back(request);
      }
      const Answer answer = handler_(request);
      send(fd, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL);
      if (answer.then == Then::kSilence) {
        while (!stop_ && WaitReadable(fd) && recv(fd, buffer, sizeof buffer, 0) > 0) {
        }
        break;
      }
      if (answer.then == Then::kReset) {
        const linger now{1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        break;
      }
      if (answer.then == Then::kClose) break;
    }
    close(fd);
  }

  Handler handler_;
  int listen_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace minslice::http

#endif  // MINSLICE_TESTS_UNIT_HTTP_RAW_SERVER_H_
