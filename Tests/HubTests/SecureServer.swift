import Foundation
import TestSupport

/// A server with TLS for the files of a folder: Python's, in a child process, with a self-signed certificate for `localhost`.
final class SecureServer {
    enum Problem: Error { case program(String), noPort }

    /// Whether both programs are found in `PATH`.
    static var isAvailable: Bool {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return ["python3", "openssl"].allSatisfy { program in
            folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
        }
    }

    let port: Int
    /// File with the certificate.
    let certificate: String
    private let process = Process()
    private let input = Pipe()

    /// - Parameter folder: the files to serve are in its subfolder `site`.
    init(_ folder: TemporaryFolder) throws {
        certificate = folder.path + "/certificate.pem"
        let key = folder.path + "/key.pem"
        try Self.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
        ])
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script, folder.path + "/site", certificate, key]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw Problem.noPort }
        self.port = port
    }

    deinit { process.terminate() }

    private static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Problem.program(arguments[0]) }
    }

    /// Ends with its standard input, so that it does not outlive the tests.
    private static let script = """
        import functools, http.server, ssl, sys, threading

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass

        handler = functools.partial(Handler, directory=sys.argv[1])
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        """
}
