package io.raftengine.it;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Users run the engine on the module path; these tests must not slip back to the class path. */
class ModulesIT {
    @Test
    void everyPartOfTheEngineIsANamedModuleAndExportsItsApiAlone() {
        ModuleLayer layer = ModuleLayer.boot();
        Module engine = layer.findModule("io.raftengine.engine").orElseThrow();
        assertThat(getClass().getModule().getName()).isEqualTo("io.raftengine.it");
        assertThat(engine.getDescriptor().exports().stream().map(e -> e.source()))
                .containsExactly("io.raftengine.engine");
        assertThat(engine.getDescriptor().isOpen()).isFalse();
    }
}
