import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite struct HubEnvironmentTests {
    private func environment(_ variables: [String: String]) throws -> HubEnvironment {
        try HubEnvironment(["HOME": "/nowhere"].merging(variables) { $1 })
    }

    /// The same rules as huggingface_hub's constants.py.
    @Test(
        arguments: [
            ([:], "/nowhere/.cache/huggingface/hub"),
            (["XDG_CACHE_HOME": "/x"], "/x/huggingface/hub"),
            (["HF_HOME": "/h", "XDG_CACHE_HOME": "/x"], "/h/hub"),
            (["HUGGINGFACE_HUB_CACHE": "/old", "HF_HOME": "/h"], "/old"),
            (["HF_HUB_CACHE": "~/c", "HUGGINGFACE_HUB_CACHE": "/old"], "/nowhere/c"),
            (["HF_HUB_CACHE": ""], "/nowhere/.cache/huggingface/hub"),
        ] as [([String: String], String)])
    func findsTheCache(variables: [String: String], folder: String) throws {
        #expect(try environment(variables).cache.folder.path == folder)
    }

    @Test func findsTheToken() throws {
        let folder = try TemporaryFolder()
        try folder.write("token", "hf_file\n")
        let home = ["HF_HOME": folder.path]
        #expect(try environment([:]).token == nil)
        #expect(try environment(home).token == "hf_file")
        #expect(try environment(["HF_TOKEN_PATH": folder.path + "/token"]).token == "hf_file")
        #expect(try environment(home.merging(["HUGGING_FACE_HUB_TOKEN": "hf_old"]) { $1 }).token == "hf_old")
        #expect(try environment(["HF_TOKEN": " hf_new ", "HUGGING_FACE_HUB_TOKEN": "hf_old"]).token == "hf_new")
        #expect(try environment(home.merging(["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]) { $1 }).token == nil)
    }

    @Test func aTokenIsOneWord() {
        #expect {
            try environment(["HF_TOKEN": "hf_secret\r\nX-Evil: 1"])
        } throws: {
            guard case HubError.invalidSetting("HF_TOKEN", let reason) = $0 else { return false }
            return !reason.contains("secret")
        }
    }

    @Test func readsTheEndpoint() throws {
        #expect(try environment([:]).endpoint.absoluteString == "https://huggingface.co")
        #expect(try environment(["HF_ENDPOINT": "http://mirror:8080/hub/"]).endpoint.absoluteString == "http://mirror:8080/hub")
        #expect(try environment(["HF_ENDPOINT": "HTTP://Mirror:65535"]).endpoint.host == "Mirror")
        for (address, expected) in [
            ("mirror", "is not an http or https URL"), ("ftp://mirror", "is not an http or https URL"),
            ("http://", "has no host"),
            ("https://user:password@mirror", "has a user name"), ("https://mirror?x", "more than a path"),
            ("http://mirror:65536", "has the port 65536"), ("http://mirror:0", "has the port 0"),
            ("http://[::1]:70000/x", "has the port 70000"), ("http://mirror:99999999999999999999", "ports are 1 to 65535"),
        ] {
            let error = #expect(throws: HubError.self, "\(address)") { try environment(["HF_ENDPOINT": address]) }
            let message = error.map { "\($0)" } ?? ""
            #expect(message.contains(expected) && !message.contains("password@"), "\(message)")
        }
    }

    @Test func checksTheProxysAddress() throws {
        let ports = ["http://proxy:3128": 3128, "HTTP://proxy": 80, "proxy:65535": 65535]
        for (address, port) in ports {
            #expect(try environment(["HTTPS_PROXY": address]).proxy == HubProxy(host: "proxy", port: port))
        }
        for address in ["http://proxy:65536", "https://proxy", "http://:80", "http://me:secret@proxy"] {
            let error = #expect(throws: HubError.self, "\(address)") { try environment(["HTTPS_PROXY": address]) }
            #expect(error.map { !"\($0)".contains("secret") } == true)
        }
    }

    @Test func readsSwitches() throws {
        #expect(try environment([:]).isOffline == false)
        #expect(try environment(["HF_HUB_OFFLINE": "1"]).isOffline)
        #expect(try environment(["TRANSFORMERS_OFFLINE": "true"]).isOffline)
        #expect(try environment(["HF_HUB_OFFLINE": "0"]).isOffline == false)
    }

    @Test func findsCertificates() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("ca.pem", "").path
        #expect(try environment(["SSL_CERT_FILE": file]).certificates == file)
        #expect(try environment(["REQUESTS_CA_BUNDLE": file]).certificates == file)
        #expect(throws: HubError.self) { try environment(["SSL_CERT_FILE": file + "x"]) }
    }

    @Test func findsTheProxy() throws {
        let proxy = ["HTTPS_PROXY": "http://proxy.corp:911"]
        #expect(try environment(proxy).proxy?.host == "proxy.corp")
        #expect(try environment(proxy).proxy?.port == 911)
        #expect(try environment(["all_proxy": "proxy:1080"]).proxy?.port == 1080)
        #expect(try environment(["HTTP_PROXY": "http://proxy:80"]).proxy == nil)
        for exception in ["*", "huggingface.co", ".co", "localhost, huggingface.co"] {
            #expect(try environment(proxy.merging(["NO_PROXY": exception]) { $1 }).proxy == nil, "\(exception)")
        }
        #expect(try environment(proxy.merging(["NO_PROXY": "face.co,localhost"]) { $1 }).proxy != nil)
        #expect(throws: HubError.self) { try environment(["HTTPS_PROXY": "socks5://proxy"]) }
    }
}
