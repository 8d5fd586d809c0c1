import Encryption
import Testing

@Suite struct ProcessProtectionTests {
    @Test func forbidsDumps() {
        ProcessProtection.forbidDumps()
        #expect(!ProcessProtection.mayBeDumped)
    }
}
