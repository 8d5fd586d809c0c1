import CCurl

/// Time limits of a transfer, in seconds.
struct HTTPTimeouts: Sendable {
    /// For name resolution, connection and TLS handshake together.
    var connect = 10
    /// Without any data. libcurl takes the mean rate of five seconds, so it notices a few seconds later.
    var idle = 30
}

/// Owner of libcurl's handle of one transfer. Used by the session's thread alone.
final class CurlHandle {
    let pointer: UnsafeMutableRawPointer
    /// Kept as long as libcurl has its address.
    let transfer: HTTPTransfer
    private let timeouts: HTTPTimeouts
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// libcurl's description of an error.
    private let message = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// - Throws: `HTTPFailure` if libcurl has no memory, or does not support an option.
    init(_ transfer: HTTPTransfer, _ settings: CurlSession.Settings) throws(HTTPFailure) {
        guard let pointer = curl_easy_init() else { throw .noMemory }
        self.pointer = pointer
        self.transfer = transfer
        timeouts = settings.timeouts
        message.initialize(repeating: 0)
        try configure(settings)
        try configureRequest()
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(headers)
        message.deallocate()
    }

    private func configure(_ settings: CurlSession.Settings) throws(HTTPFailure) {
        try check(ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, message.baseAddress))
        try set(CURLOPT_NOSIGNAL, 1)
        try check(ccurl_allow_http_only(pointer))
        try check(ccurl_leave_resolver(pointer))
        // Each download has a connection of its own: streams of one HTTP/2 connection can't pause without filling memory.
        try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        try set(CURLOPT_CONNECTTIMEOUT, settings.timeouts.connect)
        try set(CURLOPT_LOW_SPEED_LIMIT, 1)
        try set(CURLOPT_LOW_SPEED_TIME, settings.timeouts.idle)
        try set(CURLOPT_BUFFERSIZE, 1 << 18)
        // Empty strings, so that libcurl reads no variables of the environment itself.
        try set(CURLOPT_PROXY, settings.proxy?.address ?? "")
        try set(CURLOPT_NOPROXY, "")
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let certificates = settings.certificates {
            try set(CURLOPT_CAINFO, certificates)
            // The folder of the system's certificates, which would be trusted as well.
            try set(CURLOPT_CAPATH, nil)
        }
    }

    private func configureRequest() throws(HTTPFailure) {
        try set(CURLOPT_URL, transfer.request.url)
        // Signed URLs are sent as they are.
        try set(CURLOPT_PATH_AS_IS, 1)
        for (name, value) in transfer.request.headers {
            guard let list = curl_slist_append(headers, "\(name): \(value)") else { throw .noMemory }
            headers = list
        }
        try check(ccurl_set_pointer(pointer, CURLOPT_HTTPHEADER, headers))
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        try check(ccurl_set_pointer(pointer, CURLOPT_HEADERDATA, context))
        try check(ccurl_set_receiver(pointer, CURLOPT_HEADERFUNCTION, receiveHeaderLine))
        try check(ccurl_set_pointer(pointer, CURLOPT_WRITEDATA, context))
        try check(ccurl_set_receiver(pointer, CURLOPT_WRITEFUNCTION, receiveBody))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPFailure) {
        try check(ccurl_set_number(pointer, option, value))
    }

    private func set(_ option: CURLoption, _ value: String?) throws(HTTPFailure) {
        try check(ccurl_set_string(pointer, option, value))
    }

    private func check(_ code: CURLcode) throws(HTTPFailure) {
        guard code == CURLE_OK else { throw HTTPFailure(reason: String(cString: curl_easy_strerror(code))) }
    }

    /// Describes the error that ended the transfer.
    func failure(_ code: CURLcode) -> HTTPFailure {
        var cause = HTTPFailure.Cause(code, timeouts: timeouts)
        cause.systemError = Int32(truncatingIfNeeded: ccurl_number(pointer, CURLINFO_OS_ERRNO))
        cause.proxyStatus = ccurl_number(pointer, CURLINFO_HTTP_CONNECTCODE)
        // libcurl's value is 1 ("unspecified") where OpenSSL trusts the certificate and its host name is a wrong one.
        cause.isUntrusted = ccurl_number(pointer, CURLINFO_SSL_VERIFYRESULT) > 1
        cause.wasConnected = ccurl_offset(pointer, CURLINFO_PRETRANSFER_TIME_T) > 0
        cause.detail = message.baseAddress.map { String(cString: $0) } ?? ""
        return HTTPFailure(cause)
    }
}

private func receiveHeaderLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self)
    Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue().receive(headerLine: line)
    return size * count
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
    let isTaken = transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return isTaken ? size * count : Int(CURL_WRITEFUNC_PAUSE)
}
