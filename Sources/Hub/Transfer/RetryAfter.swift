import Foundation
import NIOHTTP1

/// How long a server asks to be left alone.
enum RetryAfter {
    /// `Retry-After` in seconds or as a date (RFC 9110), or the hub's `RateLimit: "api";r=0;t=55`.
    static func duration(in headers: HTTPHeaders, now: Date = Date()) -> Duration? {
        if let text = headers.first(name: "Retry-After")?.trimmingCharacters(in: .whitespaces) {
            if let seconds = Int(text), (0...86_400 * 365).contains(seconds) { return .seconds(seconds) }
            if let date = Self.date(text) { return .seconds(max(0, Int(date.timeIntervalSince(now).rounded(.up)))) }
        }
        guard let limit = headers.first(name: "RateLimit") else { return nil }
        let fields = limit.split(separator: ";").map { $0.filter { $0 != " " } }
        guard fields.contains("r=0"), let reset = fields.first(where: { $0.hasPrefix("t=") }),
            let seconds = Int(reset.dropFirst(2)), (0...86_400).contains(seconds)
        else { return nil }
        // Seconds are rounded down there.
        return .seconds(seconds + 1)
    }

    private static func date(_ text: String) -> Date? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.date(from: text)
    }
}
