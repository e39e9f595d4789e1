//! Every promise of the bus port, on the bus of a single instance.

use std::sync::Arc;

use gpting_core::bus::contract::Rig;
use gpting_core::port::{Bus, LocalBus};

struct OneProcess(Arc<LocalBus>);

impl Rig for OneProcess {
    fn here(&self) -> Arc<dyn Bus> {
        Arc::<LocalBus>::clone(&self.0)
    }

    fn there(&self) -> Arc<dyn Bus> {
        Arc::<LocalBus>::clone(&self.0)
    }
}

async fn fresh() -> OneProcess {
    OneProcess(Arc::new(LocalBus::default()))
}

gpting_core::bus_contract!(fresh);
