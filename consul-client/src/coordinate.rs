//! [Network coordinates](https://developer.hashicorp.com/consul/api-docs/coordinate), from which distances are told.

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::caps::BlockingLookup;
use crate::{Call, Client};

/// Network coordinates.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// let nodes = consul.coordinate().nodes().await?;
/// if let [a, b, ..] = nodes.as_slice() {
///     println!("{:?} apart", a.coord.distance(&b.coord));
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::coordinate)]
pub struct Coordinates;

#[endpoints("coordinate")]
impl Coordinates {
    /// Lists the servers' coordinates, by datacenter and area.
    #[get("/v1/coordinate/datacenters")]
    pub fn datacenters(&self) -> Call<Vec<DatacenterCoordinates>> {}

    /// Lists the nodes' coordinates.
    #[get("/v1/coordinate/nodes", Stale, Blocking, Listed, Filtered)]
    #[query(
        /// Keeps those of one network segment (Enterprise).
        segment: String,
    )]
    pub fn nodes(&self) -> Call<Vec<NodeCoordinate>, CoordinateList> {}

    /// Reads a node's coordinates, one for each segment it is in.
    #[get("/v1/coordinate/node/{node}")]
    pub fn node(&self, node: &str) -> Call<Vec<NodeCoordinate>, BlockingLookup> {}

    /// Changes a node's coordinate. Servers collect such changes for a moment.
    #[put("/v1/coordinate/update", idempotent)]
    pub fn update(&self, coordinate: &NodeCoordinate) -> Call<()> {
        call.json(coordinate)
    }
}

/// The coordinates of a datacenter.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct DatacenterCoordinates {
    /// The datacenter.
    pub datacenter: String,
    /// The area they count in.
    #[wire(name = "AreaID")]
    pub area_id: String,
    /// Its servers' coordinates.
    pub coordinates: Vec<NodeCoordinate>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A node's coordinate.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct NodeCoordinate {
    /// The node.
    pub node: String,
    /// The network segment (Enterprise); empty for the default one.
    pub segment: String,
    /// The admin partition (Enterprise).
    pub partition: Option<String>,
    /// The coordinate.
    pub coord: Coordinate,
    /// What this version does not know.
    pub extra: Extra,
}

/// A place in a space in which distances are round-trip times, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Coordinate {
    /// The place.
    pub vec: Vec<f64>,
    /// How far off it may be.
    pub error: f64,
    /// A correction for what the space cannot show.
    pub adjustment: f64,
    /// The way into the space, which counts twice.
    pub height: f64,
    /// What this version does not know.
    pub extra: Extra,
}

impl NodeCoordinate {
    /// A node's coordinate.
    #[must_use]
    pub fn new(node: impl Into<String>, coord: Coordinate) -> Self {
        Self { node: node.into(), coord, ..Self::default() }
    }
}

impl Coordinate {
    /// The round-trip time to another coordinate, as it is to be expected.
    #[must_use]
    pub fn distance(&self, other: &Self) -> std::time::Duration {
        let squares: f64 = self.vec.iter().zip(&other.vec).map(|(a, b)| (a - b) * (a - b)).sum();
        let plain = squares.sqrt() + self.height + other.height;
        let adjusted = plain + self.adjustment + other.adjustment;
        let seconds = if adjusted > 0.0 { adjusted } else { plain };
        std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}
